import { Asset, type AssetSource } from "../../review/rules/asset.ts";
import {
  isList,
  isProperties,
  type Properties,
  Secret,
  UNKNOWN,
  type Value,
} from "../../review/rules/values.ts";

/**
 * How Pulumi writes what JSON cannot say.
 * @see https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go
 */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SIGNATURES = {
  secret: "1b47061264138c4ac30d75fd1eb44270",
  asset: "c44067f5952c0a294b673a41bacd8c17",
  archive: "0def7320c3a5731c473e5ecbe6d01bc7",
  resource: "5cf8f73096256a8f31e491e813e4eb8e",
  output: "d0e6a833031e9bbcd3f4e8bde6ca49a4",
} as const;
const UNKNOWN_SENTINEL = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** One for each type of the unknown value; all mean the same here. */
const UNKNOWN_SENTINELS = new Set([
  UNKNOWN_SENTINEL,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/**
 * Stands in a function's answer for a number that only the service knows: a program that waits for the answer and makes
 * a text of it goes on, and whatever text holds it is not known. No number begins with zeros.
 */
export const UNKNOWN_NUMBER = "007700770077";

/** What `Struct.toJavaScript()` gives, understood. Absent and null properties are the same. */
export function decodeProperties(wire: unknown): Properties {
  const value = decode(wire);
  if (!isProperties(value)) throw new TypeError("A resource's properties must be an object.");
  return value;
}

/** For `Struct.fromJavaScript()`. */
export function encodeProperties(properties: Properties): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, encode(value)]],
    ),
  );
}

function decode(wire: unknown): Value {
  if (wire === null || wire === undefined) return null;
  if (typeof wire === "string") {
    return UNKNOWN_SENTINELS.has(wire) || wire.includes(UNKNOWN_NUMBER) ? UNKNOWN : wire;
  }
  if (typeof wire === "number" || typeof wire === "boolean") return wire;
  if (Array.isArray(wire)) return wire.map(decode);
  if (typeof wire !== "object") throw new TypeError(`A value cannot be a ${typeof wire}.`);
  const entries = wire as Readonly<Record<string, unknown>>;
  const signature = entries[SIGNATURE];
  if (signature !== undefined) return decodeSigned(signature, entries);
  return Object.fromEntries(
    Object.entries(entries)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => [name, decode(value)]),
  );
}

function decodeSigned(signature: unknown, entries: Readonly<Record<string, unknown>>): Value {
  switch (signature) {
    case SIGNATURES.secret:
      return new Secret(decode(entries.value));
    case SIGNATURES.output: {
      const value = "value" in entries ? decode(entries.value) : UNKNOWN;
      return entries.secret === true ? new Secret(value) : value;
    }
    case SIGNATURES.resource:
      // A provider that takes no references gets the id in its place.
      return typeof entries.id === "string" && entries.id !== "" ? decode(entries.id) : UNKNOWN;
    case SIGNATURES.asset:
      return new Asset(assetSource("asset", entries));
    case SIGNATURES.archive:
      return new Asset(assetSource("archive", entries));
    default:
      throw new TypeError(`A value has the signature "${String(signature)}", which is not known here.`);
  }
}

function assetSource(kind: AssetSource["kind"], entries: Readonly<Record<string, unknown>>): AssetSource {
  const { hash, text, path, uri, assets } = entries;
  return {
    kind,
    ...(typeof hash === "string" && hash !== "" && { hash }),
    ...(typeof text === "string" && (text !== "" || path === undefined) && { text }),
    ...(typeof path === "string" && path !== "" && { path }),
    ...(typeof uri === "string" && uri !== "" && { uri }),
    ...(assets !== undefined && assets !== null && { parts: assets }),
  };
}

function encode(value: Value): unknown {
  if (value === UNKNOWN) return UNKNOWN_SENTINEL;
  if (value instanceof Secret) return { [SIGNATURE]: SIGNATURES.secret, value: encode(value.value) };
  if (value instanceof Asset) {
    const { kind, parts, ...source } = value.source;
    return {
      [SIGNATURE]: SIGNATURES[kind],
      ...source,
      ...(parts !== undefined && { assets: parts }),
    };
  }
  if (isList(value)) return value.map(encode);
  if (isProperties(value)) return encodeProperties(value);
  return value;
}
