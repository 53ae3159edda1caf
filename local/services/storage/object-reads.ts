import { listBuckets } from "./bucket-settings.ts";
import { listObjects } from "./object-listing.ts";
import { sendMedia } from "./object-media.ts";
import { bucketResource, objectResource } from "./object-resource.ts";
import { readInteger, readPreconditions } from "./preconditions.ts";
import type { StorageCall } from "./storage-call.ts";
import { invalid } from "./storage-refusal.ts";

export const CONDITIONS = [
  "ifGenerationMatch",
  "ifGenerationNotMatch",
  "ifMetagenerationMatch",
  "ifMetagenerationNotMatch",
];

export function getBuckets(call: StorageCall): void {
  call.accept("project");
  const project = call.query.get("project");
  if (!project) throw invalid("Required parameter: project", "project");
  call.deps.kernel.iam.require(call.principal, "storage.buckets.list", `projects/${project}`);
  const buckets = listBuckets(call.deps.kernel.resources);
  call.answer({
    kind: "storage#buckets",
    items: buckets.map((bucket) => bucketResource(bucket, call.origin)),
  });
}

export function getBucket(call: StorageCall, name: string): void {
  call.accept();
  const bucket = call.bucket(name);
  call.authorize("storage.buckets.get", name);
  call.answer(bucketResource(bucket, call.origin));
}

export function getObjects(call: StorageCall, bucketName: string): void {
  call.accept(
    "prefix",
    "delimiter",
    "startOffset",
    "endOffset",
    "versions",
    "softDeleted",
    "maxResults",
    "pageToken",
  );
  const bucket = call.bucket(bucketName);
  call.authorize("storage.objects.list", bucketName);
  const { query } = call;
  const maxResults = readInteger(query, "maxResults");
  const onlySoftDeleted = query.get("softDeleted") === "true";
  const versions = query.get("versions") === "true";
  if (onlySoftDeleted && versions) {
    throw invalid("softDeleted and versions must not both be true.", "softDeleted");
  }
  if (maxResults === 0) throw invalid("Invalid argument: maxResults must be 1 or more; got 0.", "maxResults");
  const { softDeleted, table } = call.deps;
  const { items, prefixes, nextPageToken } = listObjects(onlySoftDeleted ? softDeleted : table, {
    bucket: bucketName,
    prefix: query.get("prefix") ?? "",
    delimiter: query.get("delimiter") || undefined,
    startOffset: query.get("startOffset") ?? undefined,
    endOffset: query.get("endOffset") || undefined,
    versions: versions || onlySoftDeleted,
    maxResults,
    pageToken: query.get("pageToken") || undefined,
  });
  call.answer({
    kind: "storage#objects",
    ...(items.length > 0 && { items: items.map((item) => objectResource(item, bucket, call.origin)) }),
    ...(prefixes.length > 0 && { prefixes }),
    ...(nextPageToken !== undefined && { nextPageToken }),
  });
}

/** Metadata, or with `alt=media` the bytes; of what is soft-deleted, metadata alone. */
export async function getObject(call: StorageCall, bucketName: string, name: string): Promise<void> {
  call.accept("generation", "softDeleted", ...CONDITIONS);
  const bucket = call.bucket(bucketName);
  call.authorize("storage.objects.get", bucketName);
  const target = {
    bucket,
    name,
    generation: readInteger(call.query, "generation"),
    preconditions: readPreconditions(call.query),
  };
  const alt = call.query.get("alt") ?? "json";
  if (alt !== "json" && alt !== "media") throw invalid(`alt must be json or media; got "${alt}".`, "alt");
  if (call.query.get("softDeleted") === "true") {
    if (alt === "media") throw invalid("A soft-deleted object must be restored before it is read.", "alt");
    return call.answerObject(call.deps.ledger.requireSoftDeleted(target), bucket);
  }
  const version = call.deps.ledger.require(target);
  if (alt === "json") return call.answerObject(version, bucket);
  await sendMedia(call, version, version.attributes.storageClass ?? bucket.storageClass);
}
