/** A resource's properties, or an object within them. Nothing is assumed of what they hold. */
export type Properties = Readonly<Record<string, unknown>>;

/** Notes that the value at `path` breaks `rule` ("must be …"). */
export type Report = (path: string, rule: string) => void;

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

export function objectOf(value: unknown): Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Properties) : {};
}

export function objectsOf(value: unknown): readonly Properties[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}

export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/**
 * Reports each property that is set and not among the `supported`. What a provider may fill in
 * by itself and that changes nothing (null, false, nothing in it) doesn't count as set.
 *
 * @param at the path of `holder`; empty at the top.
 */
export function refuseOthers(
  holder: Properties,
  at: string,
  supported: readonly string[],
  who: string,
  report: Report,
): void {
  for (const [property, value] of Object.entries(holder)) {
    if (supported.includes(property) || isEmpty(value)) continue;
    report(at === "" ? property : `${at}.${property}`, `must be absent: ${who} does not do it`);
  }
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}
