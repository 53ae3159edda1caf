import { createReadStream, openSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { etag } from "./object-resource.ts";
import type { ObjectVersion } from "./object-version.ts";
import type { StorageCall } from "./storage-call.ts";
import { StorageRefusal } from "./storage-refusal.ts";

/** First and last byte, both included. */
interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** The bytes of `version`, or the range of them that the request asks for. */
export async function sendMedia(
  call: StorageCall,
  version: ObjectVersion,
  storageClass: string,
): Promise<void> {
  const { response } = call;
  const unzipped = isToBeUnzipped(call, version);
  const range = unzipped ? undefined : readRange(call, version);
  const headers = mediaHeaders(version, storageClass);
  if (!unzipped) {
    const { contentEncoding } = version.attributes;
    if (contentEncoding !== undefined) headers["Content-Encoding"] = contentEncoding;
    headers["Accept-Ranges"] = "bytes";
    headers["Content-Length"] = String(range ? range.end - range.start + 1 : version.size);
    if (range) headers["Content-Range"] = `bytes ${range.start}-${range.end}/${version.size}`;
  }
  const whole = call.deps.bytes.whole(version);
  if (whole && !unzipped) {
    response
      .writeHead(range ? 206 : 200, headers)
      .end(range ? whole.subarray(range.start, range.end + 1) : whole);
    return;
  }
  // Opened before anything else can run: a deletion meanwhile leaves these bytes readable.
  const stored = whole
    ? Readable.from([whole])
    : createReadStream("", { fd: openSync(call.deps.bytes.path(version.sha256), "r"), ...range });
  response.writeHead(range ? 206 : 200, headers);
  const options = { signal: call.deadline() };
  if (unzipped) await pipeline(stored, createGunzip(), response, options);
  else await pipeline(stored, response, options);
}

function mediaHeaders(version: ObjectVersion, storageClass: string): Record<string, string> {
  const { attributes } = version;
  return {
    "Content-Type": version.contentType,
    "Cache-Control": attributes.cacheControl ?? "no-cache, no-store, max-age=0, must-revalidate",
    ETag: etag(version),
    "Last-Modified": new Date(version.updated).toUTCString(),
    "x-goog-generation": version.generation,
    "x-goog-metageneration": version.metageneration,
    "x-goog-hash": `crc32c=${version.crc32c},md5=${version.md5Hash}`,
    "x-goog-storage-class": storageClass,
    "x-goog-stored-content-encoding": attributes.contentEncoding ?? "identity",
    "x-goog-stored-content-length": String(version.size),
    ...(attributes.contentDisposition !== undefined && {
      "Content-Disposition": attributes.contentDisposition,
    }),
    ...(attributes.contentLanguage !== undefined && { "Content-Language": attributes.contentLanguage }),
  };
}

/** Google unzips for clients that can't. @see https://cloud.google.com/storage/docs/transcoding */
function isToBeUnzipped(call: StorageCall, { attributes }: ObjectVersion): boolean {
  return (
    attributes.contentEncoding === "gzip" &&
    !/\bgzip\b/.test(call.header("accept-encoding") ?? "") &&
    !/\bno-transform\b/.test(attributes.cacheControl ?? "")
  );
}

/**
 * One range; of several, or of what is no range, HTTP lets a server send the whole.
 *
 * @throws {StorageRefusal} 416 for a range beyond the end.
 */
function readRange(call: StorageCall, { size }: ObjectVersion): ByteRange | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(call.header("range") ?? "");
  const [, first = "", last = ""] = match ?? [];
  if (!match || (first === "" && last === "")) return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== "" && last !== "" && Number(last) < start) return undefined;
  if (start >= size) {
    call.response.setHeader("Content-Range", `bytes */${size}`);
    throw new StorageRefusal(416, "requestedRangeNotSatisfiable", "The requested range cannot be satisfied.");
  }
  return { start, end };
}
