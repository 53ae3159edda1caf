import { isList, isProperties, type Properties, Secret, UNKNOWN, type Value } from "./values.ts";

/** `template` and `containers` make `template.containers`; a key with dots is quoted as Pulumi quotes it. */
export function childPath(parent: string, key: string | number): string {
  if (typeof key === "number") return `${parent}[${key}]`;
  if (/[.[\]"]/.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === "" ? key : `${parent}.${key}`;
}

/** A path of the tables, where an element of a list is `[]` and an entry of a map is its key. */
export function tablePath(path: string): string {
  return path.replace(/\[\d+\]/g, "[]");
}

/** Whether a table's path is this path or one above it. */
export function covers(tabled: string, path: string): boolean {
  const asked = tablePath(path);
  return asked === tabled || asked.startsWith(`${tabled}.`) || asked.startsWith(`${tabled}[`);
}

/** Shows the value at a path as an error may show it: secrets masked, long text cut. */
export function showAt(properties: Properties, path: string): string {
  let value: Value | undefined = properties;
  for (const segment of segments(path)) {
    if (value instanceof Secret) return "[secret]";
    if (isList(value)) value = value[Number(segment)];
    else if (isProperties(value)) value = value[segment];
    else return "nothing";
  }
  return show(value);
}

function segments(path: string): string[] {
  return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(
    ([, quoted, index, plain]) =>
      quoted === undefined ? (index ?? plain ?? "") : (JSON.parse(`"${quoted}"`) as string),
  );
}

function show(value: Value | undefined): string {
  if (value === undefined || value === null) return "nothing";
  if (value === UNKNOWN) return "[unknown]";
  if (value instanceof Secret) return "[secret]";
  if (isList(value)) return `a list of ${value.length}`;
  if (isProperties(value)) return "an object";
  if (typeof value === "object") return "an asset";
  const shown = JSON.stringify(value);
  return shown.length > 120 ? `${shown.slice(0, 117)}…` : shown;
}
