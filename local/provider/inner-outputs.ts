import { isProperties, nested, type Properties, UNKNOWN, type Value } from "../../review/rules/values.ts";
import type { Kind } from "./kind.ts";

type Say = (input: string, field: string) => Value | undefined;

/** Adds to a kind's inner outputs what `say` knows of them, wherever the program left them out. */
export function addInnerOutputs({ inner = {} }: Kind, properties: Properties, say: Say): Properties {
  const added = Object.entries(inner).flatMap(([input, chosen]) => {
    const holder = properties[input] ?? {};
    if (!isProperties(holder)) return [];
    const said = Object.keys(chosen)
      .map((field): [string, Value | undefined] => [field, say(input, field)])
      .filter(([, value]) => value !== undefined);
    return said.length > 0 ? [[input, { ...Object.fromEntries(said), ...holder }]] : [];
  });
  return { ...properties, ...Object.fromEntries(added) };
}

/** What stands in an input's object, by the names that `addInnerOutputs` asks for. */
export function inThe(properties: Properties): Say {
  return (input, field) => nested(properties, input)[field];
}

/** Takes away a kind's inner outputs, except for those that are in `given`, or that the service would not choose. */
export function withoutInnerOutputs(
  { inner = {} }: Kind,
  properties: Properties,
  given: Properties,
): Properties {
  const reduced: Record<string, Value | undefined> = { ...properties };
  for (const [input, chosen] of Object.entries(inner)) {
    const holder = properties[input];
    if (!isProperties(holder)) continue;
    const set = nested(given, input);
    const kept = Object.entries(holder).filter(
      ([name, value]) =>
        !(name in chosen) || set[name] !== undefined || (chosen[name] !== UNKNOWN && chosen[name] !== value),
    );
    if (kept.length > 0 || given[input] !== undefined) reduced[input] = Object.fromEntries(kept);
    else delete reduced[input];
  }
  return reduced;
}
