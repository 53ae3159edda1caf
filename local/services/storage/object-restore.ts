import { readBody } from "../google/read-body.ts";
import { CONDITIONS } from "./object-reads.ts";
import { MAX_METADATA_BYTES } from "./object-uploads.ts";
import { readInteger, readPreconditions } from "./preconditions.ts";
import type { StorageCall } from "./storage-call.ts";

/**
 * `POST …/o/OBJECT/restore`: a copy of a soft-deleted generation becomes the live one; itself it stays
 * soft-deleted until its end. Conditions are on the live object that it would replace.
 *
 * @see https://cloud.google.com/storage/docs/json_api/v1/objects/restore
 */
export async function restoreObject(call: StorageCall, bucketName: string, name: string): Promise<void> {
  call.accept("generation", "copySourceAcl", ...CONDITIONS);
  const bucket = call.bucket(bucketName);
  call.authorize("storage.objects.restore", bucketName);
  call.authorize("storage.objects.create", bucketName);
  await readBody(call.request, MAX_METADATA_BYTES);
  const { bytes, ledger } = call.deps;
  const generation = readInteger(call.query, "generation");
  const version = ledger.requireSoftDeleted({ bucket, name, generation, preconditions: {} });
  using staged = bytes.again(version);
  const created = ledger.create({
    bucket,
    name,
    content: staged.content,
    attributes: version.attributes,
    preconditions: readPreconditions(call.query),
    authorizeReplacement: () => call.authorize("storage.objects.delete", bucketName),
  });
  call.answerObject(created, bucket);
}
