import { readBody } from "../google/read-body.ts";
import type { BucketSettings } from "./bucket-settings.ts";
import type { Staged } from "./byte-store.ts";
import { checkContent, type ExpectedChecksums } from "./digests.ts";
import { readMultipartRelated } from "./multipart-related.ts";
import { type InsertBody, parseBody, readInsert } from "./object-attributes.ts";
import type { Creation } from "./object-ledger.ts";
import { checkObjectName } from "./object-name.ts";
import { type Preconditions, readPreconditions } from "./preconditions.ts";
import type { StorageCall } from "./storage-call.ts";
import { invalid, notImplemented } from "./storage-refusal.ts";

export const MAX_METADATA_BYTES = 64 * 1024;
const INSERT_PARAMETERS = [
  "uploadType",
  "name",
  "contentEncoding",
  "ifGenerationMatch",
  "ifGenerationNotMatch",
  "ifMetagenerationMatch",
  "ifMetagenerationNotMatch",
];

/** `POST /upload/storage/v1/b/BUCKET/o`: all in one request, or the start of a resumable upload. */
export async function insertObject(call: StorageCall, bucketName: string): Promise<void> {
  call.accept(...INSERT_PARAMETERS);
  const bucket = call.bucket(bucketName);
  call.authorize("storage.objects.create", bucket.name);
  const preconditions = readPreconditions(call.query);
  const type = call.query.get("uploadType");
  if (type === "media") await insertMedia(call, bucket, preconditions);
  else if (type === "multipart") await insertMultipart(call, bucket, preconditions);
  else if (type === "resumable") await startResumable(call, bucket, preconditions);
  else throw invalid(`uploadType must be media, multipart or resumable; got "${type ?? ""}".`, "uploadType");
}

async function insertMedia(
  call: StorageCall,
  bucket: BucketSettings,
  preconditions: Preconditions,
): Promise<void> {
  const contentType = call.header("content-type");
  const insert = complete(call, readInsert({ ...(contentType && { contentType }) }));
  const creation = newCreation(call, bucket, insert, preconditions);
  call.deps.ledger.checkCreation(creation);
  using staged = await call.deps.bytes.receive(call.body());
  commit(call, creation, insert, staged);
}

async function insertMultipart(
  call: StorageCall,
  bucket: BucketSettings,
  preconditions: Preconditions,
): Promise<void> {
  const body = call.body();
  try {
    const parts = await readMultipartRelated(body, call.header("content-type"));
    const described = parseBody(parts.metadata);
    const { contentType } = parts;
    const insert = complete(call, readInsert({ ...(contentType && { contentType }), ...described }));
    const creation = newCreation(call, bucket, insert, preconditions);
    call.deps.ledger.checkCreation(creation);
    using staged = await call.deps.bytes.receive(parts.media);
    commit(call, creation, insert, staged);
  } finally {
    await body.return(undefined);
  }
}

async function startResumable(
  call: StorageCall,
  bucket: BucketSettings,
  preconditions: Preconditions,
): Promise<void> {
  const described = parseBody(await readBody(call.request, MAX_METADATA_BYTES));
  const contentType = call.header("x-upload-content-type");
  const insert = complete(call, readInsert({ ...(contentType && { contentType }), ...described }));
  const creation = newCreation(call, bucket, insert, preconditions);
  call.deps.ledger.checkCreation(creation);
  const { attributes, checksums } = insert;
  const session = call.deps.sessions.start(
    {
      bucket: bucket.name,
      name: creation.name,
      email: call.principal.email,
      attributes,
      checksums,
      preconditions,
    },
    declaredSize(call),
  );
  const location = `${call.origin}/upload/storage/v1/b/${encodeURIComponent(bucket.name)}/o?uploadType=resumable&upload_id=${session.id}`;
  call.response
    .writeHead(200, { Location: location, "X-GUploader-UploadID": session.id, "Content-Length": 0 })
    .end();
}

/** What the query and headers add to the metadata. */
function complete(call: StorageCall, insert: InsertBody): InsertBody & { name: string } {
  const contentEncoding = call.query.get("contentEncoding");
  return {
    name: checkObjectName(call.query.get("name") ?? insert.name ?? ""),
    attributes: { ...insert.attributes, ...(contentEncoding !== null && { contentEncoding }) },
    checksums: { ...insert.checksums, ...readChecksumHeaders(call) },
  };
}

/** `x-goog-hash: crc32c=…,md5=…` and `Content-MD5`. */
export function readChecksumHeaders(call: StorageCall): ExpectedChecksums {
  const contentMd5 = call.header("content-md5");
  const checksums: { md5Hash?: string; crc32c?: string } = { ...(contentMd5 && { md5Hash: contentMd5 }) };
  for (const hash of call.header("x-goog-hash")?.split(",") ?? []) {
    const [, algorithm, value] = /^\s*(\w+)=(\S+)\s*$/.exec(hash) ?? [];
    if (algorithm === "crc32c" && value !== undefined) checksums.crc32c = value;
    else if (algorithm === "md5" && value !== undefined) checksums.md5Hash = value;
    else throw invalid(`x-goog-hash must hold crc32c=… or md5=…; got "${hash.slice(0, 100)}".`);
  }
  return checksums;
}

function newCreation(
  call: StorageCall,
  bucket: BucketSettings,
  { name }: { readonly name: string },
  preconditions: Preconditions,
): Omit<Creation, "content" | "attributes"> {
  // Replacing an object deletes the one that was there.
  const authorizeReplacement = () => call.authorize("storage.objects.delete", bucket.name);
  return { bucket, name, preconditions, authorizeReplacement };
}

function commit(
  call: StorageCall,
  creation: Omit<Creation, "content" | "attributes">,
  { attributes, checksums }: InsertBody,
  { content }: Staged,
): void {
  checkContent(content, checksums);
  call.answerObject(call.deps.ledger.create({ ...creation, content, attributes }), creation.bucket);
}

function declaredSize(call: StorageCall): number | undefined {
  const value = call.header("x-upload-content-length");
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value))
    throw invalid(`X-Upload-Content-Length must be a number of bytes; got "${value}".`);
  return Number(value);
}

/** `POST …/o` without `/upload`: an object of no bytes, by its metadata alone. */
export function insertWithoutMedia(): never {
  throw notImplemented("the insertion of an object without media; send it to /upload/storage/v1");
}
