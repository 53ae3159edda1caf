import { inObject, type Rule } from "./rule.ts";
import { type Properties, UNKNOWN, type Value } from "./values.ts";

/**
 * How far a field is set: what is unknown may yet turn out to be nothing, so it neither conflicts nor
 * stands in for what is missing. An empty text is not sent, as if the field were absent.
 */
type Presence = "set" | "absent" | "unknown";

export function presence(value: Value | undefined): Presence {
  if (value === UNKNOWN) return "unknown";
  return value === undefined || value === null || value === "" ? "absent" : "set";
}

export function exactlyOneOf(...names: readonly string[]): Rule {
  return inObject((properties, report) => {
    atMostOneOf(...names)(properties, report);
    atLeastOneOf(...names)(properties, report);
  });
}

export function atMostOneOf(...names: readonly string[]): Rule {
  return inObject((properties, report) => {
    const [first, ...others] = names.filter((name) => isSet(properties, name));
    for (const other of others) report(other, `must be absent beside ${first}`);
  });
}

export function atLeastOneOf(...names: readonly string[]): Rule {
  const [first = "", ...others] = names;
  return inObject((properties, report) => {
    if (names.every((name) => isAbsent(properties, name))) {
      report(first, others.length === 0 ? "must be set" : `must be set, or ${others.join(" or ")}`);
    }
  });
}

/** Where `name` is set, each of the others must be too. */
export function requiredWith(name: string, ...others: readonly string[]): Rule {
  return inObject((properties, report) => {
    if (!isSet(properties, name)) return;
    for (const other of others) if (isAbsent(properties, other)) report(other, `must be set beside ${name}`);
  });
}

/** Fields that a value of another field asks for, or rules out. */
export function dependent(
  field: string,
  values: readonly Value[],
  {
    required = [],
    absent = [],
  }: { readonly required?: readonly string[]; readonly absent?: readonly string[] },
): Rule {
  return inObject((properties, report) => {
    const value = properties[field];
    if (value === undefined || !values.includes(value)) return;
    for (const name of required) {
      if (isAbsent(properties, name)) report(name, `must be set where ${field} is ${String(value)}`);
    }
    for (const name of absent) {
      if (isSet(properties, name)) report(name, `must be absent where ${field} is ${String(value)}`);
    }
  });
}

/** Fields that are of use only where another has one of the values. */
export function onlyWhere(field: string, values: readonly Value[], ...names: readonly string[]): Rule {
  return inObject((properties, report) => {
    const value = properties[field];
    if (value === UNKNOWN || (value !== undefined && values.includes(value))) return;
    for (const name of names) {
      if (isSet(properties, name))
        report(name, `must be absent unless ${field} is ${values.map(String).join(" or ")}`);
    }
  });
}

function isSet(properties: Properties, name: string): boolean {
  return presence(properties[name]) === "set";
}

function isAbsent(properties: Properties, name: string): boolean {
  return presence(properties[name]) === "absent";
}
