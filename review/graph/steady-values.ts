import { type ResourceState, UNKNOWN } from "../preview/stack-preview.ts";
import { nameOf } from "../preview/urn.ts";

/** What Pulumi marks files with. */
const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const ASSET_SIGNATURE = "c44067f5952c0a294b673a41bacd8c17";
const FILE = "(file)";
const NOT_YET_KNOWN = "(unknown)";
const LINES = "(lines)";
const JSON_TEXT = "(json)";
/** Ends a name that the provider made up. */
const MADE_UP = /^(.+)-[0-9a-f]{7}$/;

type Named = Readonly<Record<string, unknown>>;

/**
 * Values as they are everywhere and every time: random suffixes of names, and hashes of files with the names that they
 * are in, become zeros. Long text becomes lines, so that a diff shows one.
 */
export function steadyValues(resources: readonly ResourceState[]): (value: unknown) => unknown {
  const zeros = new Map<string, string>();
  for (const resource of resources) {
    for (const name of madeUpNames(resource)) zeros.set(name, name.replace(/.{7}$/, "0000000"));
    for (const hash of Object.values(resource.inputs).flatMap(hashOf))
      zeros.set(hash, hash.replace(/./g, "0"));
  }
  const varying = [...zeros.keys()]
    .sort((left, right) => right.length - left.length)
    .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = varying.length === 0 ? undefined : new RegExp(varying.join("|"), "g");
  const steady = (value: unknown): unknown => {
    if (typeof value === "string") {
      const text =
        pattern === undefined ? value : value.replace(pattern, (found) => zeros.get(found) ?? found);
      return unfolded(text.replaceAll(UNKNOWN, NOT_YET_KNOWN));
    }
    if (Array.isArray(value)) return value.map(steady);
    if (typeof value !== "object" || value === null) return value;
    if (isFile(value)) return FILE;
    return sorted(value as Named, steady);
  };
  return steady;
}

/** The other way round, as far as anything is left to tell. */
export function readValue(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(NOT_YET_KNOWN, UNKNOWN);
  if (Array.isArray(value)) return value.map(readValue);
  if (typeof value !== "object" || value === null) return value;
  const { [LINES]: lines, [JSON_TEXT]: json } = value as Named;
  if (Array.isArray(lines)) return readValue(lines.join("\n"));
  if (json !== undefined) return readValue(JSON.stringify(json));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, readValue(item)]));
}

function sorted(value: Named, change: (value: unknown) => unknown): Named {
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, change(value[name])]),
  );
}

/** What the program did not set, and is its name with random digits. */
function madeUpNames({ urn, custom, inputs, propertyDependencies }: ResourceState): readonly string[] {
  if (!custom) return [];
  const own = nameOf(urn).toLowerCase();
  return Object.entries(inputs).flatMap(([input, value]) => {
    if (input in propertyDependencies || typeof value !== "string") return [];
    return MADE_UP.exec(value)?.[1]?.toLowerCase() === own ? [value] : [];
  });
}

function isFile(value: object): value is { readonly hash: string } {
  return (value as Named)[SIGNATURE_KEY] === ASSET_SIGNATURE;
}

function hashOf(value: unknown): readonly string[] {
  return typeof value === "object" && value !== null && isFile(value) ? [value.hash] : [];
}

function unfolded(text: string): unknown {
  if (/^[{[]/.test(text)) {
    try {
      const json: unknown = JSON.parse(text);
      if (JSON.stringify(json) === text) return { [JSON_TEXT]: json };
    } catch {
      // It only looks like JSON.
    }
  }
  return text.includes("\n") ? { [LINES]: text.split("\n") } : text;
}
