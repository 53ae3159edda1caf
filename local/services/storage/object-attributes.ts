import type { ExpectedChecksums } from "./digests.ts";
import type { Attributes } from "./object-version.ts";
import { invalid, notImplemented, StorageRefusal } from "./storage-refusal.ts";

const TEXTS = [
  "contentType",
  "contentEncoding",
  "contentDisposition",
  "contentLanguage",
  "cacheControl",
  "customTime",
] as const;

/** Fields that only Cloud Storage sets; in a request it ignores them, so that a resource that was read can be sent back. */
const READ_ONLY = new Set(
  "kind id selfLink mediaLink name bucket generation metageneration size etag timeCreated timeFinalized updated timeDeleted timeStorageClassUpdated componentCount owner md5Hash crc32c".split(
    " ",
  ),
);

/** @see https://cloud.google.com/storage/docs/storage-classes */
export const STORAGE_CLASSES: readonly string[] = [
  "STANDARD",
  "NEARLINE",
  "COLDLINE",
  "ARCHIVE",
  "MULTI_REGIONAL",
  "REGIONAL",
];

const MAX_TEXT_BYTES = 1024;
/** @see https://cloud.google.com/storage/quotas#objects */
const MAX_CUSTOM_METADATA_BYTES = 8 * 1024;

export interface InsertBody {
  readonly name: string | undefined;
  readonly attributes: Attributes;
  readonly checksums: ExpectedChecksums;
}

/** @throws {StorageRefusal} 400 unless `body` is a JSON object. */
export function parseBody(body: Buffer): Readonly<Record<string, unknown>> {
  if (body.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    throw new StorageRefusal(400, "parseError", "Parse Error: the request's body must be JSON.");
  }
  return record(value, "The request's body");
}

/** What an upload says of its object before the bytes; of those, only a class of Storage's. */
export function readInsert(body: Readonly<Record<string, unknown>>): InsertBody {
  const { storageClass, ...described } = body;
  if (storageClass != null && !STORAGE_CLASSES.includes(String(storageClass))) {
    throw invalid(
      `Invalid value for: storageClass must be one of ${STORAGE_CLASSES.join(", ")}; got ${JSON.stringify(storageClass)}.`,
    );
  }
  const name = text(body, "name");
  const md5Hash = text(body, "md5Hash");
  const crc32c = text(body, "crc32c");
  return {
    name: name ?? undefined,
    attributes: {
      ...change({}, described, undefined),
      ...(storageClass != null && { storageClass: String(storageClass) }),
    },
    checksums: { ...(md5Hash != null && { md5Hash }), ...(crc32c != null && { crc32c }) },
  };
}

/** A PATCH: absent fields and metadata keys stay, `null` removes. */
export function patchAttributes(
  current: Attributes,
  body: Readonly<Record<string, unknown>>,
  bucketClass: string,
): Attributes {
  return change(current, body, bucketClass);
}

/** A PUT: what it does not name goes, but for what no client may change. */
export function replaceAttributes(
  { storageClass, timeStorageClassUpdated, componentCount }: Attributes,
  body: Readonly<Record<string, unknown>>,
  bucketClass: string,
): Attributes {
  const kept = {
    ...(storageClass !== undefined && { storageClass }),
    ...(timeStorageClassUpdated !== undefined && { timeStorageClassUpdated }),
    ...(componentCount !== undefined && { componentCount }),
  };
  return change(kept, body, bucketClass);
}

/** `bucketClass` is what an object has that says nothing. */
function change(
  current: Attributes,
  body: Readonly<Record<string, unknown>>,
  bucketClass: string | undefined,
): Attributes {
  for (const [field, value] of Object.entries(body)) {
    if (READ_ONLY.has(field) || field === "metadata" || (TEXTS as readonly string[]).includes(field))
      continue;
    const isUnchanged = value === null || value === (current.storageClass ?? bucketClass);
    if (field === "storageClass" && isUnchanged) continue;
    throw notImplemented(`"${field}" in an object's metadata; got ${JSON.stringify(value)?.slice(0, 100)}`);
  }
  const changed: Record<string, unknown> = { ...current };
  for (const field of TEXTS) {
    const value = text(body, field);
    if (value === null || value === "") delete changed[field];
    else if (value !== undefined) changed[field] = value;
  }
  if (typeof changed.customTime === "string" && Number.isNaN(Date.parse(changed.customTime))) {
    throw invalid(`Invalid value for: customTime must be an RFC 3339 time; got "${changed.customTime}".`);
  }
  if (body.metadata === null) delete changed.metadata;
  else if (body.metadata !== undefined)
    changed.metadata = mergeMetadata(current.metadata ?? {}, body.metadata);
  return changed;
}

function mergeMetadata(current: Readonly<Record<string, string>>, value: unknown): Record<string, string> {
  const merged = new Map(Object.entries(current));
  for (const [key, entry] of Object.entries(record(value, "metadata"))) {
    if (entry === null) merged.delete(key);
    else if (typeof entry === "string") merged.set(key, entry);
    else
      throw invalid(`Invalid value for: metadata["${key}"] must be a string; got ${JSON.stringify(entry)}.`);
  }
  let bytes = 0;
  for (const [key, entry] of merged) bytes += Buffer.byteLength(key) + Buffer.byteLength(entry);
  if (bytes > MAX_CUSTOM_METADATA_BYTES) {
    throw invalid(`Custom metadata must be at most ${MAX_CUSTOM_METADATA_BYTES} bytes in all; got ${bytes}.`);
  }
  return Object.fromEntries(merged);
}

/** `undefined`: not said. `null`: to be removed. */
function text(body: Readonly<Record<string, unknown>>, field: string): string | null | undefined {
  const value = body[field];
  if (value === undefined || value === null) return value;
  if (typeof value !== "string")
    throw invalid(
      `Invalid value for: ${field} must be a string; got ${JSON.stringify(value).slice(0, 100)}.`,
    );
  // These become headers of a download.
  if (
    field !== "name" &&
    (/[^\x20-\x7e\u00a0-\uffff]/.test(value) || Buffer.byteLength(value) > MAX_TEXT_BYTES)
  ) {
    throw invalid(
      `Invalid value for: ${field} must be at most ${MAX_TEXT_BYTES} bytes without control characters.`,
    );
  }
  return value;
}

function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(`Invalid value for: ${what} must be a JSON object.`);
  }
  return value as Readonly<Record<string, unknown>>;
}
