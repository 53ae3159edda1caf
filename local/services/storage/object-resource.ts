import type { BucketSettings } from "./bucket-settings.ts";
import type { ObjectVersion } from "./object-version.ts";
import type { SoftDeletedVersion } from "./soft-deleted-table.ts";

/** Google's object resource. @see https://cloud.google.com/storage/docs/json_api/v1/objects#resource */
export function objectResource(
  version: ObjectVersion | SoftDeletedVersion,
  bucket: BucketSettings,
  origin: string,
): object {
  const { name, generation, metageneration } = version;
  const path = `b/${encodeURIComponent(bucket.name)}/o/${encodeURIComponent(name)}`;
  return {
    kind: "storage#object",
    id: `${bucket.name}/${name}/${generation}`,
    selfLink: `${origin}/storage/v1/${path}`,
    mediaLink: `${origin}/download/storage/v1/${path}?generation=${generation}&alt=media`,
    name,
    bucket: bucket.name,
    generation,
    metageneration,
    contentType: version.contentType,
    storageClass: bucket.storageClass,
    size: String(version.size),
    md5Hash: version.md5Hash,
    crc32c: version.crc32c,
    etag: etag(version),
    timeCreated: version.timeCreated,
    updated: version.updated,
    timeStorageClassUpdated: version.timeCreated,
    timeFinalized: version.timeCreated,
    ...(version.timeDeleted !== undefined && { timeDeleted: version.timeDeleted }),
    ...("softDeleteTime" in version && {
      softDeleteTime: version.softDeleteTime,
      hardDeleteTime: version.hardDeleteTime,
    }),
    ...version.attributes,
    // As at Google, what was composed has no MD5.
    ...(version.attributes.componentCount !== undefined && { md5Hash: undefined }),
  };
}

export function bucketResource(bucket: BucketSettings, origin: string): object {
  return {
    kind: "storage#bucket",
    id: bucket.name,
    name: bucket.name,
    selfLink: `${origin}/storage/v1/b/${encodeURIComponent(bucket.name)}`,
    location: bucket.location,
    storageClass: bucket.storageClass,
    labels: bucket.labels,
    versioning: { enabled: bucket.versioning },
    ...(bucket.retentionSeconds > 0 && {
      retentionPolicy: { retentionPeriod: String(bucket.retentionSeconds) },
    }),
    softDeletePolicy: { retentionDurationSeconds: String(bucket.softDeleteSeconds) },
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
  };
}

export function etag({ generation, metageneration }: ObjectVersion): string {
  return Buffer.from(`${generation}/${metageneration}`).toString("base64");
}
