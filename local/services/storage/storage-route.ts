import { invalid, notImplemented, StorageRefusal } from "./storage-refusal.ts";

/** What a path of the JSON API is about. */
export type StorageRoute =
  | { readonly kind: "buckets" }
  | { readonly kind: "bucket"; readonly bucket: string }
  | { readonly kind: "objects"; readonly bucket: string }
  | { readonly kind: "upload"; readonly bucket: string }
  | { readonly kind: "object"; readonly bucket: string; readonly name: string }
  | { readonly kind: "compose" | "restore"; readonly bucket: string; readonly name: string }
  | { readonly kind: "notifications"; readonly bucket: string }
  | { readonly kind: "notification"; readonly bucket: string; readonly id: string }
  | {
      readonly kind: "copy" | "rewrite";
      readonly bucket: string;
      readonly name: string;
      readonly toBucket: string;
      readonly toName: string;
    };

const UPLOAD = /^\/(?:resumable\/)?upload\/storage\/v1(?=\/)/;
const PLAIN = /^(?:\/download)?\/storage\/v1(?=\/)/;

/** Under STORAGE_EMULATOR_HOST the official client drops `/storage/v1`, but not from uploads. */
export function isStoragePath(path: string): boolean {
  return (
    UPLOAD.test(path) || PLAIN.test(path) || /^\/b(?:\/|$)/.test(path) || path.startsWith("/batch/storage/")
  );
}

/** By the query of one that Google's libraries sign. @see https://cloud.google.com/storage/docs/access-control/signed-urls */
export function isSignedUrl(url: string): boolean {
  return /[?&](X-Goog-Signature|GoogleAccessId)=/i.test(url);
}

/**
 * `path` is as it was sent: a parser of URLs would resolve `..`, which can be part of an object's name.
 *
 * @throws {StorageRefusal} 501 for parts of the API that are not here, 404 for what is none, 400 for bad escapes.
 */
export function routeStorage(path: string): StorageRoute {
  const isUpload = UPLOAD.test(path);
  if (path.startsWith("/batch/")) throw notImplemented("batch requests");
  const [, root, ...rest] = path.replace(UPLOAD, "").replace(PLAIN, "").split("/");
  if (root === "projects") throw notImplemented("service accounts and HMAC keys of projects");
  if (root !== "b") throw notImplemented(`the XML API; got ${path.slice(0, 200)}`);

  const [bucket, collection, name, verb, ...destination] = rest.map(decode);
  if (bucket === undefined || bucket === "") return { kind: "buckets" };
  if (collection === undefined) return { kind: "bucket", bucket };
  if (collection === "notificationConfigs") {
    return name === undefined
      ? { kind: "notifications", bucket }
      : { kind: "notification", bucket, id: name };
  }
  if (collection !== "o") throw notImplemented(`"${collection}" of a bucket`);
  if (name === undefined) return { kind: isUpload ? "upload" : "objects", bucket };
  if (verb === undefined) return { kind: "object", bucket, name };
  if (verb === "copyTo" || verb === "rewriteTo") {
    const [b, toBucket, o, toName, ...more] = destination;
    if (b === "b" && o === "o" && toBucket !== undefined && toName !== undefined && more.length === 0) {
      return { kind: verb === "copyTo" ? "copy" : "rewrite", bucket, name, toBucket, toName };
    }
  }
  if (verb === "compose" || verb === "restore") return { kind: verb, bucket, name };
  if (["acl", "iam", "moveTo", "watch"].includes(verb)) throw notImplemented(`"${verb}" of an object`);
  throw new StorageRefusal(404, "notFound", "Not Found");
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw invalid(`The path must be percent-encoded UTF-8; got "${segment.slice(0, 200)}".`);
  }
}
