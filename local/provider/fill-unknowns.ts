import { segmentsOf } from "../../review/rules/rule.ts";
import {
  isList,
  isProperties,
  mapValues,
  type Properties,
  UNKNOWN,
  type Value,
} from "../../review/rules/values.ts";

/**
 * Puts `values` where a pattern of paths, as rules have them, leads to what is not known: the one value everywhere, or
 * as many as there are places, in their order. Otherwise nobody can tell which belongs where, and all stays unknown.
 */
export function fillUnknowns(properties: Properties, pattern: string, values: readonly Value[]): Properties {
  const segments = segmentsOf(pattern);
  let places = 0;
  replace(properties, segments, () => {
    places += 1;
    return UNKNOWN;
  });
  if (places === 0 || (values.length !== 1 && values.length !== places)) return properties;
  let next = 0;
  const filled = replace(properties, segments, () => {
    const value = values[values.length === 1 ? 0 : next] ?? UNKNOWN;
    next += 1;
    return value;
  });
  return isProperties(filled) ? filled : properties;
}

function replace(value: Value, [segment, ...below]: readonly string[], put: () => Value): Value {
  if (segment === undefined) return value === UNKNOWN ? put() : value;
  if (segment === "[]") return isList(value) ? value.map((item) => replace(item, below, put)) : value;
  if (!isProperties(value)) return value;
  return mapValues(value, (inner, name) =>
    segment === "{}" || segment === name ? replace(inner, below, put) : inner,
  );
}
