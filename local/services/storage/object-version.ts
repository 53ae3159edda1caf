import type { StoredObject } from "./contract.ts";
import type { Content } from "./digests.ts";

/** What is said of an object beside its bytes, under Google's names: by its client, but for the last two. */
export interface Attributes {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly contentDisposition?: string;
  readonly contentLanguage?: string;
  readonly cacheControl?: string;
  /** RFC 3339. */
  readonly customTime?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Absent: the bucket's, from a time when objects had none of their own. */
  readonly storageClass?: string;
  /** RFC 3339. Absent: it never changed. */
  readonly timeStorageClassUpdated?: string;
  /** Of how many objects it was composed. Absent: it was uploaded. */
  readonly componentCount?: number;
}

/** One generation of an object. */
export interface ObjectVersion extends StoredObject {
  readonly attributes: Attributes;
  /** RFC 3339; from then on it was noncurrent. Absent: it is live. */
  readonly timeDeleted?: string;
}

/** As it lies in SQLite. */
export interface ObjectRow {
  readonly bucket: string;
  readonly name: string;
  readonly generation: number;
  readonly metageneration: number;
  readonly sha256: string;
  readonly size: number;
  readonly md5_hash: string;
  readonly crc32c: string;
  readonly attributes: string;
  readonly time_created: string;
  readonly updated: string;
  readonly time_deleted: string | null;
}

export function newVersion(
  bucket: string,
  name: string,
  generation: number,
  { sha256, size, md5Hash, crc32c }: Content,
  attributes: Attributes,
  now: string,
): ObjectVersion {
  return {
    bucket,
    name,
    generation: String(generation),
    metageneration: "1",
    sha256,
    size,
    md5Hash,
    crc32c,
    ...shown(attributes),
    timeCreated: now,
    updated: now,
  };
}

/** The next metageneration of `version`. */
export function withAttributes(version: ObjectVersion, attributes: Attributes, now: string): ObjectVersion {
  return {
    ...version,
    ...shown(attributes),
    metageneration: String(Number(version.metageneration) + 1),
    updated: now,
  };
}

export function fromRow(row: ObjectRow): ObjectVersion {
  return {
    bucket: row.bucket,
    name: row.name,
    generation: String(row.generation),
    metageneration: String(row.metageneration),
    size: row.size,
    sha256: row.sha256,
    md5Hash: row.md5_hash,
    crc32c: row.crc32c,
    ...shown(JSON.parse(row.attributes) as Attributes),
    timeCreated: row.time_created,
    updated: row.updated,
    ...(row.time_deleted !== null && { timeDeleted: row.time_deleted }),
  };
}

function shown(attributes: Attributes): Pick<ObjectVersion, "attributes" | "contentType" | "metadata"> {
  return {
    attributes,
    contentType: attributes.contentType ?? "application/octet-stream",
    metadata: attributes.metadata ?? {},
  };
}
