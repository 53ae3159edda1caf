/** `rules[0].match["x-y"]` → `rules`, `0`, `match`, `x-y` */
export function segmentsOf(path: string): readonly string[] {
  if (!path.includes("[")) return path.split(".").filter((name) => name !== "");
  return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|([^.[\]]+)/g)].map(
    ([, quoted, index, name]) => quoted ?? index ?? name ?? "",
  );
}

export function valueAt(value: unknown, path: string): unknown {
  return segmentsOf(path).reduce<unknown>(
    (holder, segment) =>
      typeof holder === "object" && holder !== null
        ? (holder as Record<string, unknown>)[segment]
        : undefined,
    value,
  );
}

/** The value at a path, or else that of its last part where one is: a secret hides all that is in it. */
export function deepestAt(value: unknown, path: string): unknown {
  return segmentsOf(path).reduce<unknown>((holder, segment) => {
    if (typeof holder !== "object" || holder === null) return holder;
    return (holder as Record<string, unknown>)[segment];
  }, value);
}

/** The first name of a path: that of the input itself. */
export function topOf(path: string): string {
  return segmentsOf(path)[0] ?? "";
}

/** Paths whose values differ, as deep as both sides have the same shape. */
export function differingPaths(before: unknown, after: unknown, path = ""): readonly string[] {
  if (Object.is(before, after)) return [];
  if (!isHolder(before) || !isHolder(after) || Array.isArray(before) !== Array.isArray(after)) return [path];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => {
    const [left, right] = [before, after].map((holder) => (holder as Record<string, unknown>)[name]);
    const inner = Array.isArray(before) ? `${path}[${name}]` : joined(path, name);
    return differingPaths(left, right, inner);
  });
}

function joined(path: string, name: string): string {
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) return `${path}["${name.replaceAll('"', '\\"')}"]`;
  return path === "" ? name : `${path}.${name}`;
}

function isHolder(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
