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
    value = childOf(value, segment);
  }
  return show(value);
}

/**
 * A path as people read it: an element of a list by its `name`, `envs[REGION].value`, where that is its alone and
 * not itself what the path leads to. For sentences only: the engine knows elements by their numbers.
 */
export function namedPath(properties: Properties, path: string): string {
  const keys = segments(path);
  let value: Value | undefined = properties;
  let named = "";
  for (const [at, key] of keys.entries()) {
    const name = keys[at + 1] === "name" ? undefined : nameIn(value, key);
    if (name === undefined) named = childPath(named, key);
    else named += /^[\w.-]+$/.test(name) ? `[${name}]` : `[${JSON.stringify(name)}]`;
    value = childOf(value, key);
  }
  return named;
}

function nameIn(list: Value | undefined, index: string | number): string | undefined {
  if (!isList(list) || typeof index === "string") return undefined;
  const names = list.map((element) => (isProperties(element) ? element.name : undefined));
  const name = names[index];
  const isOnly = names.indexOf(name) === names.lastIndexOf(name);
  return typeof name === "string" && name !== "" && isOnly ? name : undefined;
}

function childOf(value: Value | undefined, key: string | number): Value | undefined {
  if (isList(value)) return value[Number(key)];
  return isProperties(value) ? value[key] : undefined;
}

function segments(path: string): (string | number)[] {
  return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(
    ([, quoted, index, plain = ""]) => {
      if (quoted !== undefined) return JSON.parse(`"${quoted}"`) as string;
      return index === undefined ? plain : Number(index);
    },
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
