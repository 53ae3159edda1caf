import { createHash } from "node:crypto";
import {
  isList,
  isProperties,
  mapValues,
  type Properties,
  reveal,
  Secret,
  UNKNOWN,
  type Value,
} from "../../review/rules/values.ts";
import type { ResourceView } from "../kernel/contract.ts";
import type { Kind } from "./kind.ts";
import { createPreview } from "./preview.ts";
import type { CreateRequest, CreateResult } from "./requests.ts";

/** Long ago, so that nobody waits for what is new. */
const MADE_AT = "1970-01-01T00:00:00Z";
const MADE_UP = /imagined-[0-9a-f]{12}/;
const NOTHING: ResourceView = { get: () => undefined, list: () => [] };
/** What only a service can say, by the name of the output; where none fits, a text. */
const IMAGINED: readonly (readonly [RegExp, (made: string) => Value])[] = [
  [/(Labels|Annotations)$/, () => ({})],
  [/(Time|Timestamp|^timeCreated|^updated)$/, () => MADE_AT],
  [/^generation$|(Number|Version|Count)$/, () => 1],
  [/ur[il]$/i, (made) => `https://${made}.invalid`],
  [/email$/i, (made) => `${made}@invalid`],
  [/Records$/, (made) => [{ name: made, type: made, data: made }]],
  [/[^s]s$/, (made) => [made]],
];

/**
 * A resource as if a cloud had made it. What only the service can say is made up, and is the same for the same
 * resource, whatever its inputs: so that a program that is run on it again finds nothing changed but what it changed
 * itself.
 */
export function imagineCreated(kind: Kind<unknown>, { urn, properties }: CreateRequest): CreateResult {
  return {
    id: idOf(kind, reveal(properties), urn),
    properties: filled(createPreview(kind, properties), urn),
  };
}

function idOf(kind: Kind<unknown>, inputs: Properties, urn: string): string {
  try {
    return kind.id(inputs, urn, NOTHING);
  } catch (error) {
    // It hangs on what is missing, or on what is in the cloud already.
    if (error instanceof TypeError) return madeUp(urn, "id");
    throw error;
  }
}

function filled(properties: Properties, urn: string): Properties {
  const fill = (value: Value, path: string, name: string): Value => {
    if (value === UNKNOWN) return imagined(urn, path, name);
    if (value instanceof Secret) return new Secret(fill(value.value, path, name));
    if (isList(value)) return value.map((item, index) => fill(item, `${path}[${index}]`, name));
    if (isProperties(value)) return mapValues(value, (item, key) => fill(item, `${path}.${key}`, key));
    return value;
  };
  return mapValues(properties, (value, name) => fill(value, name, name));
}

function imagined(urn: string, path: string, name: string): Value {
  const [, make] = IMAGINED.find(([pattern]) => pattern.test(name)) ?? [];
  const made = madeUp(urn, path);
  return make?.(made) ?? made;
}

/** What was made up is as good as unknown to whoever judges it. */
export function withoutImagined(properties: Properties): Properties {
  const open = (value: Value): Value => {
    if (typeof value === "string" && MADE_UP.test(value)) return UNKNOWN;
    if (value instanceof Secret) return new Secret(open(value.value));
    if (isList(value)) return value.map(open);
    return isProperties(value) ? mapValues(value, open) : value;
  };
  return mapValues(properties, open);
}

function madeUp(urn: string, path: string): string {
  return `imagined-${createHash("sha256").update(`${urn}\n${path}`).digest("hex").slice(0, 12)}`;
}
