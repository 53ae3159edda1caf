import { Asset } from "./asset.ts";

/** A value that is not known before the program's resources exist. */
export const UNKNOWN: unique symbol = Symbol("unknown");
export type Unknown = typeof UNKNOWN;
/** Stands for a secret of an exported state that only its owner can decrypt: it is taken to be unchanged. */
export const UNREADABLE_SECRET = "[a secret that cannot be read here]";

export type Value =
  | null
  | boolean
  | number
  | string
  | Unknown
  | Secret
  | Asset
  | readonly Value[]
  | Properties;
/** A resource's properties. An absent one is not in the object. */
export interface Properties {
  readonly [name: string]: Value | undefined;
}

/** A value that must not be shown. Never nested in another. */
export class Secret {
  readonly value: Value;

  constructor(value: Value) {
    this.value = value instanceof Secret ? value.value : value;
  }
}

export function isProperties(value: Value | undefined): value is Properties {
  return (
    typeof value === "object" &&
    value !== null &&
    !isList(value) &&
    !(value instanceof Secret) &&
    !(value instanceof Asset)
  );
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** The same without the marks of secrecy: for comparing and for acting, never for showing. */
export function reveal(value: Properties): Properties;
export function reveal(value: Value): Value;
export function reveal(value: Value): Value {
  if (value instanceof Secret) return reveal(value.value);
  if (isList(value)) return value.map((item) => reveal(item));
  if (isProperties(value)) return mapValues(value, (item) => reveal(item));
  return value;
}

export function hasUnknown(value: Value | undefined): boolean {
  if (value === UNKNOWN) return true;
  if (value instanceof Secret) return hasUnknown(value.value);
  if (isList(value)) return value.some(hasUnknown);
  if (isProperties(value)) return Object.values(value).some(hasUnknown);
  return false;
}

/** Applies `change` to what is there; absent properties stay absent. */
export function mapValues(properties: Properties, change: (value: Value, name: string) => Value): Properties {
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, change(value, name)]],
    ),
  );
}

/** Those of the choices that the properties leave open. */
export function absentFrom(properties: Properties, choices: Properties): Properties {
  return Object.fromEntries(Object.entries(choices).filter(([name]) => properties[name] === undefined));
}

/** A string that must be there and known: kinds ask for it after Check has passed. */
export function text(properties: Properties, name: string): string {
  const value = properties[name];
  if (typeof value !== "string") throw new TypeError(`"${name}" must be a string that is known.`);
  return value;
}

/** A nested object, or nothing where it is absent or unknown. */
export function nested(properties: Properties, name: string): Properties {
  const value = properties[name];
  return isProperties(value) ? value : {};
}

/** A nested list, or nothing where it is absent or unknown. */
export function listed(properties: Properties, name: string): readonly Value[] {
  const value = properties[name];
  return isList(value) ? value : [];
}
