import { setImmediate as turn } from "node:timers/promises";
import type { Kernel } from "../../kernel/contract.ts";
import { type BucketSettings, listBuckets, requireBucket } from "./bucket-settings.ts";
import type { ByteStore } from "./byte-store.ts";
import { actionFor } from "./lifecycle-settings.ts";
import type { ObjectLedger } from "./object-ledger.ts";
import type { ObjectTable, Position } from "./object-table.ts";
import type { ObjectVersion } from "./object-version.ts";
import type { SoftDeletedTable } from "./soft-deleted-table.ts";

/** Generations looked at before others have a turn of the event loop. */
const BATCH = 200;

export interface LifecycleOptions {
  readonly kernel: Kernel;
  readonly table: ObjectTable;
  readonly softDeleted: SoftDeletedTable;
  readonly bytes: ByteStore;
  readonly ledger: ObjectLedger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What time does to objects: buckets' lifecycle rules, and the end of soft deletion. */
export class Lifecycle {
  readonly #options: LifecycleOptions;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /** Acts on everything once. Ends early, between two batches, when `signal` says so. */
  async sweep(signal?: AbortSignal): Promise<void> {
    const { kernel, softDeleted, bytes, now } = this.#options;
    for (const bucket of listBuckets(kernel.resources)) {
      if (bucket.lifecycle.length > 0) await this.#sweepBucket(bucket, signal);
    }
    for (let ended = BATCH; ended === BATCH && !signal?.aborted; ) {
      const gone = softDeleted.expire(new Date(now()).toISOString(), BATCH);
      for (const content of gone) bytes.release(content);
      ended = gone.length;
      await turn();
    }
  }

  /** What a rule made noncurrent stays where it was in the order, and is met again by the next sweep. */
  async #sweepBucket({ name: bucketName }: BucketSettings, signal?: AbortSignal): Promise<void> {
    const { kernel, table } = this.#options;
    let after: Position = { name: "", generation: 0 };
    while (!signal?.aborted) {
      const page = table.page(bucketName, { after, before: undefined, withNoncurrent: true, limit: BATCH });
      const last = page.at(-1);
      if (!last) return;
      for (const version of page) this.#act(requireBucket(kernel.resources, bucketName), version);
      after = { name: last.name, generation: Number(last.generation) };
      await turn();
    }
  }

  #act(bucket: BucketSettings, version: ObjectVersion): void {
    const { table, ledger, now } = this.#options;
    const storageClass = version.attributes.storageClass ?? bucket.storageClass;
    const newerVersions = table.countNewer(version);
    const action = actionFor({ version, storageClass, newerVersions }, bucket.lifecycle, now());
    if (!action) return;
    if (action.type === "SetStorageClass") {
      ledger.reclass(version, action.storageClass);
      return;
    }
    const isLive = version.timeDeleted === undefined;
    // What is retained waits for its day; a live one that only becomes noncurrent isn't lost.
    if (ledger.isRetained(bucket, version) && !(isLive && bucket.versioning)) return;
    const generation = isLive ? undefined : Number(version.generation);
    ledger.delete({ bucket, name: version.name, generation, preconditions: {} });
  }
}
