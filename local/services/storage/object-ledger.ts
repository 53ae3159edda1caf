import type { BucketSettings } from "./bucket-settings.ts";
import type { ByteStore } from "./byte-store.ts";
import type { Content } from "./digests.ts";
import type { EventType, ObjectEvent } from "./object-event.ts";
import type { ObjectTable } from "./object-table.ts";
import { type Attributes, newVersion, type ObjectVersion, withAttributes } from "./object-version.ts";
import { checkPreconditions, type Preconditions } from "./preconditions.ts";
import type { SoftDeletedTable, SoftDeletedVersion } from "./soft-deleted-table.ts";
import { invalid, noSuchObject, retained } from "./storage-refusal.ts";
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

export interface ObjectLedgerOptions {
  readonly table: ObjectTable;
  readonly softDeleted: SoftDeletedTable;
  readonly bytes: ByteStore;
  readonly pace: WritePace;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Called within the transaction of what happened. */
  readonly onEvent: (event: ObjectEvent) => void;
}

/**
 * Every change of an object. Each runs to its end without yielding and is durable when it
 * returns, so a precondition that held still holds when its write happens: of any number of
 * creations under "none is live", exactly one succeeds.
 */
export class ObjectLedger {
  readonly #table: ObjectTable;
  readonly #softDeleted: SoftDeletedTable;
  readonly #bytes: ByteStore;
  readonly #pace: WritePace;
  readonly #now: () => number;
  readonly #onEvent: (event: ObjectEvent) => void;

  constructor({ table, softDeleted, bytes, pace, now, onEvent }: ObjectLedgerOptions) {
    this.#table = table;
    this.#softDeleted = softDeleted;
    this.#bytes = bytes;
    this.#pace = pace;
    this.#now = now;
    this.#onEvent = onEvent;
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

  /**
   * A soft-deleted generation, which a request must name.
   *
   * @throws {StorageRefusal} as `require`, and 400 without a generation.
   */
  requireSoftDeleted({ bucket, name, generation, preconditions }: Target): SoftDeletedVersion {
    if (generation === undefined) throw invalid("Required parameter: generation", "generation");
    const version = this.#softDeleted.find(bucket.name, name, generation);
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
    if (current && !bucket.versioning) this.#checkRetention(bucket, current);
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
      this.#bytes.settle(content);
      const said = { storageClass: bucket.storageClass, ...attributes };
      const generation = this.#table.nextGeneration();
      const version = newVersion(bucket.name, name, generation, content, said, this.#time());
      this.#tell("OBJECT_FINALIZE", bucket, version, { overwroteGeneration: current?.generation });
      if (current) this.#retire(bucket, current, { overwrittenByGeneration: version.generation });
      this.#table.put(version);
      return version;
    });
    if (current) this.#bytes.release(current);
    return created;
  }

  /** Changes what is said of an object, not its bytes: the next metageneration. */
  describe(target: Target, change: (attributes: Attributes) => Attributes): ObjectVersion {
    const version = this.require(target);
    const described = withAttributes(version, change(version.attributes), this.#time());
    this.#pace.check(version.bucket, version.name);
    this.#table.atomically(() => {
      this.#table.put(described);
      this.#tell("OBJECT_METADATA_UPDATE", target.bucket, described);
    });
    this.#pace.note(version.bucket, version.name);
    return described;
  }

  /** A named generation goes; a live one without a name becomes noncurrent where versioning is on. */
  delete(target: Target): void {
    const { bucket, generation } = target;
    const version = this.require(target);
    if (generation !== undefined || !bucket.versioning) this.#checkRetention(bucket, version);
    this.#table.atomically(() => {
      if (generation === undefined) this.#retire(bucket, version);
      else this.#remove(bucket, version);
    });
    this.#bytes.release(version);
  }

  /** A lifecycle's change of class: of the time it was updated, but no new metageneration. */
  reclass(version: ObjectVersion, storageClass: string): void {
    const attributes = { ...version.attributes, storageClass, timeStorageClassUpdated: this.#time() };
    this.#table.put({ ...version, attributes, updated: this.#time() });
  }

  /** Whether the bucket's retention policy keeps a generation. */
  isRetained(bucket: BucketSettings, version: ObjectVersion): boolean {
    return this.#retainedUntil(bucket, version) > this.#now();
  }

  #retire(
    bucket: BucketSettings,
    version: ObjectVersion,
    why: Pick<ObjectEvent, "overwrittenByGeneration"> = {},
  ): void {
    if (!bucket.versioning) {
      this.#remove(bucket, version, why);
      return;
    }
    this.#table.put({ ...version, timeDeleted: this.#time() });
    this.#tell("OBJECT_ARCHIVE", bucket, version, why);
  }

  /** Into soft deletion, where the bucket has that. */
  #remove(
    bucket: BucketSettings,
    version: ObjectVersion,
    why: Pick<ObjectEvent, "overwrittenByGeneration"> = {},
  ): void {
    if (bucket.softDeleteSeconds > 0) {
      const end = new Date(this.#now() + bucket.softDeleteSeconds * 1000).toISOString();
      this.#softDeleted.take(version, this.#time(), end);
    }
    this.#table.delete(version);
    this.#tell("OBJECT_DELETE", bucket, version, why);
  }

  #tell(
    type: EventType,
    bucket: BucketSettings,
    version: ObjectVersion,
    more: Pick<ObjectEvent, "overwroteGeneration" | "overwrittenByGeneration"> = {},
  ): void {
    this.#onEvent({ type, bucket, version, at: this.#now(), ...more });
  }

  /** @throws {StorageRefusal} 403 as long as the bucket's retention policy keeps the object. */
  #checkRetention(bucket: BucketSettings, version: ObjectVersion): void {
    if (!this.isRetained(bucket, version)) return;
    throw retained(bucket.name, version.name, new Date(this.#retainedUntil(bucket, version)).toISOString());
  }

  #retainedUntil({ retentionSeconds }: BucketSettings, { timeCreated }: ObjectVersion): number {
    return retentionSeconds > 0 ? Date.parse(timeCreated) + retentionSeconds * 1000 : 0;
  }

  #time(): string {
    return new Date(this.#now()).toISOString();
  }
}
