import type { CloudResource, ResourceStore } from "../../kernel/contract.ts";
import { type LifecycleRule, lifecycleSchema } from "./lifecycle-settings.ts";
import { noSuchBucket } from "./storage-refusal.ts";

/** Pulumi's type token. */
export const BUCKET_KIND = "gcp:storage/bucket:Bucket";
/** What Google gives a bucket that says nothing. @see https://cloud.google.com/storage/docs/soft-delete#default */
const SOFT_DELETE_SECONDS = 7 * 86_400;

/** What a bucket's resource says about its objects. */
export interface BucketSettings {
  readonly name: string;
  readonly location: string;
  readonly storageClass: string;
  readonly versioning: boolean;
  /** How long after its creation an object can be neither deleted nor overwritten. 0: no such rule. */
  readonly retentionSeconds: number;
  /** How long after its deletion an object can be had back. 0: not at all. */
  readonly softDeleteSeconds: number;
  readonly lifecycle: readonly LifecycleRule[];
  /** Its id. */
  readonly project: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** @throws {StorageRefusal} 404 unless the program has the bucket. */
export function requireBucket(resources: ResourceStore, name: string): BucketSettings {
  const resource = resources.get(BUCKET_KIND, name);
  if (!resource) throw noSuchBucket();
  return settingsOf(resource);
}

export function listBuckets(resources: ResourceStore): readonly BucketSettings[] {
  return resources
    .list(BUCKET_KIND)
    .map(settingsOf)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Each resource is read once: every change of it is another. */
const SETTINGS = new WeakMap<CloudResource, BucketSettings>();

function settingsOf(resource: CloudResource): BucketSettings {
  const settings = SETTINGS.get(resource) ?? toSettings(resource);
  SETTINGS.set(resource, settings);
  return settings;
}

function toSettings({ id, properties }: CloudResource): BucketSettings {
  const versioning = properties.versioning as { enabled?: boolean } | undefined;
  const retention = properties.retentionPolicy as { retentionPeriod?: string } | undefined;
  const softDelete = properties.softDeletePolicy as { retentionDurationSeconds?: number } | undefined;
  return {
    name: id,
    location: String(properties.location ?? "US"),
    storageClass: String(properties.storageClass ?? "STANDARD"),
    versioning: versioning?.enabled === true,
    retentionSeconds: Number(retention?.retentionPeriod ?? 0),
    softDeleteSeconds: Number(softDelete?.retentionDurationSeconds ?? SOFT_DELETE_SECONDS),
    lifecycle: lifecycleSchema.parse(properties.lifecycleRules ?? []),
    project: String(properties.project ?? ""),
    labels: (properties.labels ?? {}) as Record<string, string>,
  };
}
