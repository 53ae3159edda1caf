import { tablePath } from "../../review/rules/paths.ts";
import {
  isList,
  isProperties,
  mapValues,
  type Properties,
  Secret,
  UNKNOWN,
  type Value,
} from "../../review/rules/values.ts";

/** Marks what stands at the given paths of a table as secret, where it stands open. */
export function markSecrets(properties: Properties, paths: readonly string[]): Properties {
  if (paths.length === 0) return properties;
  const secret = new Set(paths);
  const mark = (value: Value, path: string): Value => {
    if (value instanceof Secret || value === UNKNOWN) return value;
    if (secret.has(tablePath(path))) return new Secret(value);
    if (isList(value)) return value.map((item) => mark(item, `${path}[]`));
    if (isProperties(value)) return mapValues(value, (item, name) => mark(item, `${path}.${name}`));
    return value;
  };
  return mapValues(properties, (value, name) => mark(value, name));
}
