import type { CloudResource, ResourceStore } from "../parts.ts";
import { noSuchBucket } from "./storage-refusal.ts";

const BUCKET = "gcp:storage/bucket:Bucket";

/** What a bucket's resource says about its objects. */
export interface BucketSettings {
  readonly name: string;
  readonly location: string;
  readonly storageClass: string;
  readonly versioning: boolean;
  /** How long after its creation an object can be neither deleted nor overwritten. 0: no such rule. */
  readonly retentionSeconds: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** @throws {StorageRefusal} 404 unless the program has the bucket. */
export function requireBucket(resources: ResourceStore, name: string): BucketSettings {
  const resource = resources.get(BUCKET, name);
  if (!resource) throw noSuchBucket();
  return toSettings(resource);
}

export function listBuckets(resources: ResourceStore): readonly BucketSettings[] {
  return resources
    .list(BUCKET)
    .map(toSettings)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function toSettings({ id, properties }: CloudResource): BucketSettings {
  const versioning = properties.versioning as { enabled?: boolean } | undefined;
  const retention = properties.retentionPolicy as { retentionPeriod?: string } | undefined;
  return {
    name: id,
    location: String(properties.location ?? "US"),
    storageClass: String(properties.storageClass ?? "STANDARD"),
    versioning: versioning?.enabled === true,
    retentionSeconds: Number(retention?.retentionPeriod ?? 0),
    labels: (properties.labels ?? {}) as Record<string, string>,
  };
}
