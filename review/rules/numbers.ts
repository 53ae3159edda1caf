import { ofNumber, ofText, type Rule } from "./rule.ts";

interface Range {
  readonly from: number;
  readonly to: number;
  /** What the number is, and its unit. */
  readonly what?: string;
}

export function whole({ from, to, what }: Range): Rule {
  const rule = `must be a whole number from ${from} to ${to}${explained(what)}`;
  return ofNumber((value) => (Number.isInteger(value) && value >= from && value <= to ? undefined : rule));
}

export function between({ from, to, what }: Range): Rule {
  const rule = `must be from ${from} to ${to}${explained(what)}`;
  return ofNumber((value) => (value >= from && value <= to ? undefined : rule));
}

/** A duration in Google's JSON form, "300s" or "3.5s"; the range is in seconds. */
export function duration({ from, to, what }: Range): Rule {
  const rule = Number.isFinite(to)
    ? `must be a duration from "${from}s" to "${to}s"${explained(what)}`
    : `must be a duration of at least "${from}s"${explained(what)}`;
  return ofText((text) => {
    const length = seconds(text);
    return length >= from && length <= to ? undefined : rule;
  });
}

/** Seconds of a duration such as "300s" or "3.5s"; NaN when it is none. */
export function seconds(text: string): number {
  return /^\d+(\.\d{1,9})?s$/.test(text) ? Number(text.slice(0, -1)) : Number.NaN;
}

/** A time of RFC 3339. */
export function timestamp(): Rule {
  return ofText((text) =>
    /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/.test(text) &&
    !Number.isNaN(Date.parse(text))
      ? undefined
      : 'must be a time of RFC 3339, "2027-01-31T00:00:00Z"',
  );
}

function explained(what: string | undefined): string {
  return what === undefined ? "" : ` (${what})`;
}
