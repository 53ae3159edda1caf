import { join } from "node:path";
import type { Readable } from "node:stream";
import type { HttpApi, Kernel, ObjectStorage, StoredObject } from "../parts.ts";
import { type BucketSettings, requireBucket } from "./bucket-settings.ts";
import { ByteRows } from "./byte-rows.ts";
import { ByteStore } from "./byte-store.ts";
import { ObjectLedger } from "./object-ledger.ts";
import { checkObjectName } from "./object-name.ts";
import { ObjectTable } from "./object-table.ts";
import { StorageApi } from "./storage-api.ts";
import { UploadSessions } from "./upload-sessions.ts";
import { WritePace } from "./write-pace.ts";

/** Google's limit on writes to one object name: one a second. @see https://cloud.google.com/storage/quotas#objects */
const WRITE_INTERVAL_MS = 1_000;

export interface CloudStorageOptions {
  /** Least time between two writes of one object name by clients. @default 1000, Google's limit. */
  readonly writeIntervalMs?: number;
}

/** Cloud Storage: objects in SQLite, large bytes in files by hash, both under the kernel's state. */
export class CloudStorage implements ObjectStorage {
  readonly api: HttpApi;
  readonly #kernel: Kernel;
  readonly #table: ObjectTable;
  readonly #bytes: ByteStore;
  readonly #ledger: ObjectLedger;

  constructor(kernel: Kernel, { writeIntervalMs = WRITE_INTERVAL_MS }: CloudStorageOptions = {}) {
    const folder = join(kernel.stateDir, "cloud");
    this.#kernel = kernel;
    this.#table = new ObjectTable(kernel.db);
    this.#bytes = new ByteStore(new ByteRows(kernel.db), join(folder, "objects"), (sha256) =>
      this.#table.isReferenced(sha256),
    );
    this.#ledger = new ObjectLedger(this.#table, this.#bytes, new WritePace(writeIntervalMs));
    const sessions = new UploadSessions(kernel.db, join(folder, "uploads"));
    this.api = new StorageApi({
      kernel,
      table: this.#table,
      bytes: this.#bytes,
      ledger: this.#ledger,
      sessions,
    });
  }

  find(bucket: string, name: string, generation?: string): StoredObject | undefined {
    return this.#table.find(bucket, name, generation === undefined ? undefined : Number(generation));
  }

  read(object: StoredObject): Readable {
    return this.#bytes.read(object);
  }

  /** @throws {StorageRefusal} for an absent bucket or a name that is not valid. */
  write(
    bucket: string,
    name: string,
    bytes: Buffer,
    options: { contentType?: string; metadata?: Record<string, string> } = {},
  ): StoredObject {
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

  clear(bucket: string): void {
    for (const content of this.#table.clear(bucket)) this.#bytes.release(content);
  }

  #bucket(name: string): BucketSettings {
    return requireBucket(this.#kernel.resources, name);
  }
}
