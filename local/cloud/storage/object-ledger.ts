import type { BucketSettings } from "./bucket-settings.ts";
import type { ByteStore } from "./byte-store.ts";
import type { Content } from "./digests.ts";
import type { ObjectTable } from "./object-table.ts";
import { type Attributes, newVersion, type ObjectVersion, withAttributes } from "./object-version.ts";
import { checkPreconditions, type Preconditions } from "./preconditions.ts";
import { noSuchObject, retained } from "./storage-refusal.ts";
import type { WritePace } from "./write-pace.ts";

/** Which object a request is about: the live generation unless it names another. */
export interface Target {
  readonly bucket: BucketSettings;
  readonly name: string;
  readonly generation?: number | undefined;
  readonly preconditions: Preconditions;
}

export interface Creation extends Target {
  readonly content: Content;
  readonly attributes: Attributes;
  /** Called when the write would replace a live object. Throws if the caller may not. */
  readonly authorizeReplacement: () => void;
}

/**
 * Every change of an object. Each runs to its end without yielding and is durable when it
 * returns, so a precondition that held still holds when its write happens: of any number of
 * creations under "none is live", exactly one succeeds.
 */
export class ObjectLedger {
  readonly #table: ObjectTable;
  readonly #bytes: ByteStore;
  readonly #pace: WritePace;

  constructor(table: ObjectTable, bytes: ByteStore, pace: WritePace) {
    this.#table = table;
    this.#bytes = bytes;
    this.#pace = pace;
  }

  /**
   * The object that a request reads or changes.
   *
   * @throws {StorageRefusal} 404 if there is none, 412 or 304 if it isn't as the request demands.
   */
  require({ bucket, name, generation, preconditions }: Target): ObjectVersion {
    const version = this.#table.find(bucket.name, name, generation);
    if (!version) throw noSuchObject(bucket.name, name);
    checkPreconditions(preconditions, version);
    return version;
  }

  /** Refuses what `create` would refuse already now, before bytes are sent. */
  checkCreation({
    bucket,
    name,
    preconditions,
    authorizeReplacement,
  }: Omit<Creation, "content" | "attributes">): void {
    const current = this.#table.find(bucket.name, name);
    if (current) authorizeReplacement();
    checkPreconditions(preconditions, current);
    if (current && !bucket.versioning) checkRetention(bucket, current);
  }

  /** A new live generation. A failed precondition uses up none of the name's quota. */
  create(creation: Creation): ObjectVersion {
    const { bucket, name } = creation;
    this.checkCreation(creation);
    this.#pace.check(bucket.name, name);
    const created = this.replace(creation);
    this.#pace.note(bucket.name, name);
    return created;
  }

  /** `create` without conditions, for the cloud itself. */
  replace({
    bucket,
    name,
    content,
    attributes,
  }: Pick<Creation, "bucket" | "name" | "content" | "attributes">): ObjectVersion {
    const current = this.#table.find(bucket.name, name);
    const created = this.#table.atomically(() => {
      const version = newVersion(bucket.name, name, this.#table.nextGeneration(), content, attributes);
      if (current) this.#retire(bucket, current);
      this.#table.put(version);
      return version;
    });
    if (current) this.#bytes.release(current);
    return created;
  }

  /** Changes what is said of an object, not its bytes: the next metageneration. */
  describe(target: Target, change: (attributes: Attributes) => Attributes): ObjectVersion {
    const version = this.require(target);
    const described = withAttributes(version, change(version.attributes));
    this.#pace.check(version.bucket, version.name);
    this.#table.atomically(() => this.#table.put(described));
    this.#pace.note(version.bucket, version.name);
    return described;
  }

  /** Deletes a named generation for good; a live one without a name becomes noncurrent where versioning is on. */
  delete(target: Target): void {
    const { bucket, generation } = target;
    const version = this.require(target);
    if (generation !== undefined || !bucket.versioning) checkRetention(bucket, version);
    this.#table.atomically(() => {
      if (generation === undefined) this.#retire(bucket, version);
      else this.#table.delete(version);
    });
    this.#bytes.release(version);
  }

  #retire(bucket: BucketSettings, version: ObjectVersion): void {
    if (bucket.versioning) this.#table.put({ ...version, timeDeleted: new Date().toISOString() });
    else this.#table.delete(version);
  }
}

/** @throws {StorageRefusal} 403 as long as the bucket's retention policy keeps the object. */
function checkRetention(bucket: BucketSettings, version: ObjectVersion): void {
  const until = Date.parse(version.timeCreated) + bucket.retentionSeconds * 1000;
  if (bucket.retentionSeconds > 0 && until > Date.now()) {
    throw retained(bucket.name, version.name, new Date(until).toISOString());
  }
}
