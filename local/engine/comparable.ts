import { equal } from "./differences.ts";
import type { ResourceRecord } from "./records.ts";
import { isList, isProperties, isSecret, type Properties, some, UNKNOWN, type Value } from "./values.ts";

/** Where Pulumi's own providers note which inputs the program left to them. */
const DEFAULTS = "__defaults";

/**
 * A record as it can be compared with what its provider's Check answers now, though another provider of the
 * package may have written it: a secret whose value is unknown is taken to be unchanged, and so is what the
 * program left to either provider.
 *
 * @param wanted What the program says.
 * @param checked The same, completed by Check.
 */
export function comparable(old: ResourceRecord, wanted: Properties, checked: Properties): ResourceRecord {
  const inputs: Record<string, Value> = { ...assumed(old.inputs, checked) };
  let isChanged = some(old.inputs, isForeign);
  for (const [name, value] of Object.entries(checked)) {
    const isLeftToProvider = inputs[name] === undefined && wanted[name] === undefined;
    if (!isLeftToProvider || !equal(old.outputs[name], value)) continue;
    inputs[name] = value;
    isChanged = true;
  }
  return isChanged ? { ...old, inputs } : old;
}

function isForeign(value: Value): boolean {
  return isHidden(value) || (isProperties(value) && DEFAULTS in value);
}

function isHidden(value: Value): boolean {
  return isSecret(value) && value.value === UNKNOWN;
}

function assumed(old: Properties, next: Properties): Properties {
  const defaults = old[DEFAULTS];
  const left = isList(defaults) ? defaults : [];
  const kept = Object.entries(old).filter(
    ([name]) => name !== DEFAULTS && !(left.includes(name) && next[name] === undefined),
  );
  return Object.fromEntries(kept.map(([name, value]) => [name, assumedValue(value, next[name])]));
}

function assumedValue(old: Value, next: Value | undefined): Value {
  if (next === undefined) return isProperties(old) && !isSecret(old) ? assumed(old, {}) : old;
  if (isHidden(old)) return next;
  if (isSecret(old) || isSecret(next)) return old;
  if (isList(old)) {
    const items = isList(next) ? next : [];
    return old.map((item, index) => assumedValue(item, items[index]));
  }
  return isProperties(old) ? assumed(old, isProperties(next) ? next : {}) : old;
}
