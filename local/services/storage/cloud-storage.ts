import { join } from "node:path";
import type { Readable } from "node:stream";
import type { HttpApi, Kernel, Part } from "../../kernel/contract.ts";
import { type BucketSettings, requireBucket } from "./bucket-settings.ts";
import { ByteRows } from "./byte-rows.ts";
import { ByteStore } from "./byte-store.ts";
import type { ObjectDescription, ObjectStorage, StoredObject } from "./contract.ts";
import { Lifecycle } from "./lifecycle.ts";
import { Notifications, type Publish } from "./notifications.ts";
import type { ObjectEvent } from "./object-event.ts";
import { ObjectLedger } from "./object-ledger.ts";
import { checkObjectName } from "./object-name.ts";
import { ObjectTable } from "./object-table.ts";
import { SoftDeletedTable } from "./soft-deleted-table.ts";
import { StorageApi } from "./storage-api.ts";
import { UploadSessions } from "./upload-sessions.ts";
import { WritePace } from "./write-pace.ts";

/** Google's limit on writes to one object name: one a second. @see https://cloud.google.com/storage/quotas#objects */
const WRITE_INTERVAL_MS = 1_000;
/** Google takes up to a day to act on a rule. */
const SWEEP_INTERVAL_MS = 10 * 60 * 1000;

export interface CloudStorageOptions {
  /** Where notifications go. */
  readonly publish: Publish;
  /** Least time between two writes of one object name by clients. @default 1000, Google's limit. */
  readonly writeIntervalMs?: number;
  /** Milliseconds since the epoch. @default the machine's time */
  readonly now?: () => number;
}

/** Cloud Storage: objects in SQLite, large bytes in files by hash, both under the kernel's state. */
export class CloudStorage implements ObjectStorage, Part {
  readonly name = "storage";
  readonly api: HttpApi;
  readonly #kernel: Kernel;
  readonly #table: ObjectTable;
  readonly #softDeleted: SoftDeletedTable;
  readonly #bytes: ByteStore;
  readonly #ledger: ObjectLedger;
  readonly #lifecycle: Lifecycle;
  readonly #now: () => number;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #sweep: Promise<void> | undefined;

  constructor(kernel: Kernel, options: CloudStorageOptions) {
    const { publish, writeIntervalMs = WRITE_INTERVAL_MS, now = Date.now } = options;
    const folder = join(kernel.stateDir, "cloud");
    const table = new ObjectTable(kernel.db);
    const softDeleted = new SoftDeletedTable(kernel.db);
    const bytes = new ByteStore(
      new ByteRows(kernel.db),
      join(folder, "objects"),
      (sha256) => table.isReferenced(sha256) || softDeleted.isReferenced(sha256),
      (error) => {
        const message = `Bytes that no object holds are left until the next start: ${error instanceof Error ? error.message : error}`;
        kernel.logging.write({ severity: "WARNING", source: "storage", message });
      },
    );
    const notifications = new Notifications(kernel, publish);
    const pace = new WritePace(writeIntervalMs);
    const onEvent = (event: ObjectEvent) => notifications.send(event);
    const ledger = new ObjectLedger({ table, softDeleted, bytes, pace, now, onEvent });
    const sessions = new UploadSessions(kernel.db, join(folder, "uploads"));
    this.#kernel = kernel;
    this.#table = table;
    this.#softDeleted = softDeleted;
    this.#bytes = bytes;
    this.#ledger = ledger;
    this.#now = now;
    this.#lifecycle = new Lifecycle({ kernel, table, softDeleted, bytes, ledger, now });
    this.api = new StorageApi({ kernel, table, softDeleted, bytes, ledger, sessions });
  }

  async start(): Promise<void> {
    this.#timer = setInterval(() => {
      this.#sweep ??= this.sweep()
        .catch((error: unknown) => {
          const message = `The lifecycle of objects failed, and is tried again: ${error instanceof Error ? error.stack : error}`;
          this.#kernel.logging.write({ severity: "ERROR", source: "storage", message });
        })
        .finally(() => {
          this.#sweep = undefined;
        });
    }, SWEEP_INTERVAL_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#sweep;
  }

  /** Acts once on what buckets' lifecycle rules ask for, and ends soft deletions that are due. */
  async sweep(): Promise<void> {
    await this.#lifecycle.sweep(this.#stopping.signal);
  }

  find(bucket: string, name: string, generation?: string): StoredObject | undefined {
    return this.#table.find(bucket, name, generation === undefined ? undefined : Number(generation));
  }

  read(object: StoredObject): Readable {
    return this.#bytes.read(object);
  }

  /** @throws {StorageRefusal} for an absent bucket or a name that is not valid. */
  write(bucket: string, name: string, bytes: Buffer, options: ObjectDescription = {}): StoredObject {
    using staged = this.#bytes.put(bytes);
    return this.#ledger.replace({
      bucket: this.#bucket(bucket),
      name: checkObjectName(name),
      content: staged.content,
      attributes: options,
    });
  }

  /** Nothing happens if it is gone already. */
  remove(bucket: string, name: string): void {
    if (this.#table.find(bucket, name))
      this.#ledger.delete({ bucket: this.#bucket(bucket), name, preconditions: {} });
  }

  isEmpty(bucket: string): boolean {
    return this.#table.isEmpty(bucket);
  }

  isRetaining(name: string): boolean {
    const { retentionSeconds } = this.#bucket(name);
    const since = new Date(this.#now() - retentionSeconds * 1000).toISOString();
    return retentionSeconds > 0 && this.#table.hasNewer(name, since);
  }

  clear(bucket: string): void {
    const gone = [...this.#table.clear(bucket), ...this.#softDeleted.clear(bucket)];
    for (const content of gone) this.#bytes.release(content);
  }

  #bucket(name: string): BucketSettings {
    return requireBucket(this.#kernel.resources, name);
  }
}
