import structPb from "google-protobuf/google/protobuf/struct_pb.js";

/**
 * Property values as they travel between program, engine and providers: JSON,
 * in which secrets, unknowns and assets are marked by Pulumi's sentinels.
 * @see https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/properties.go
 */
export type Value = null | boolean | number | string | readonly Value[] | Properties;
export interface Properties {
  readonly [name: string]: Value;
}

export const SIGNATURE = "4dabf18193072939515e22adb298388d";
export const SECRET = "1b47061264138c4ac30d75fd1eb44270";
export const ASSET = "c44067f5952c0a294b673a41bacd8c17";
export const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";
/** Stands for a value that only an update will tell. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

export function isProperties(value: Value | undefined): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isSecret(
  value: Value | undefined,
): value is { readonly [SIGNATURE]: string; readonly value: Value } {
  return isProperties(value) && value[SIGNATURE] === SECRET;
}

/** An asset or an archive. */
export function isAsset(value: Value | undefined): value is Properties & { readonly [SIGNATURE]: string } {
  return isProperties(value) && (value[SIGNATURE] === ASSET || value[SIGNATURE] === ARCHIVE);
}

/** Marks a value as secret, once: marks further in are taken off. */
export function secret(value: Value): Properties {
  return { [SIGNATURE]: SECRET, value: withoutSecrecy(value) };
}

/** Whether the predicate holds for the value or for anything in it. */
export function some(value: Value | undefined, holds: (value: Value) => boolean): boolean {
  if (value === undefined) return false;
  if (holds(value)) return true;
  if (isList(value)) return value.some((item) => some(item, holds));
  return isProperties(value) && Object.values(value).some((item) => some(item, holds));
}

export const containsSecret = (value: Value | undefined): boolean => some(value, isSecret);

/** The same value with `change` applied to what it holds, from the outside in; `undefined` leaves a part to be descended into. */
export function rewrite(value: Value, change: (value: Value) => Value | undefined): Value {
  const changed = change(value);
  if (changed !== undefined) return changed;
  if (isList(value)) return value.map((item) => rewrite(item, change));
  if (isProperties(value)) return rewriteProperties(value, change);
  return value;
}

export function rewriteProperties(
  properties: Properties,
  change: (value: Value) => Value | undefined,
): Properties {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [name, rewrite(value, change)]),
  );
}

/** The plain value under all marks of secrecy. For providers that cannot take secrets, and for comparisons. */
export function withoutSecrecy(value: Value): Value {
  return rewrite(value, (item) => (isSecret(item) ? withoutSecrecy(item.value) : undefined));
}

export function toStruct(properties: Properties): structPb.Struct {
  return structPb.Struct.fromJavaScript(properties as { [name: string]: structPb.JavaScriptValue });
}

export function fromStruct(struct: structPb.Struct | undefined): Properties {
  return (struct?.toJavaScript() ?? {}) as Properties;
}
