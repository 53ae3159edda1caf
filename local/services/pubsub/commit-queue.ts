import type { DatabaseSync } from "node:sqlite";
import { status } from "@grpc/grpc-js";
import { inTransaction } from "../../kernel/transaction.ts";
import { RpcError } from "./rpc-error.ts";

/** Messages in one commit, so that it does not hold up the process for long; one work may have more. */
const LARGEST_BATCH = 1_000;
const LARGEST_QUEUE_BYTES = 256 * 1024 * 1024;

/** What a work costs. */
export interface Cost {
  /** Kept in memory until it is done. @default 0 */
  readonly bytes?: number;
  /** Messages that it is about. @default 1 */
  readonly items?: number;
}

interface Work {
  readonly bytes: number;
  readonly items: number;
  readonly run: () => unknown;
  readonly done: (value: unknown) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Group commit: whatever arrives in one turn of the event loop shares a transaction, hence one
 * fsync. A promise settles only after the commit that holds its work. What fails together is run
 * again one by one, so that nobody pays for another's work.
 */
export class CommitQueue {
  readonly #db: DatabaseSync;
  #waiting: Work[] = [];
  #bytes = 0;
  #scheduled: NodeJS.Immediate | undefined;
  #closed = false;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /**
   * `run` must not throw for what its caller could have checked: all others in the batch are run twice.
   *
   * @throws {RpcError} RESOURCE_EXHAUSTED when too much waits, UNAVAILABLE after `close`.
   */
  commit<T>(run: () => T, { bytes = 0, items = 1 }: Cost = {}): Promise<T> {
    if (this.#closed) return Promise.reject(new RpcError(status.UNAVAILABLE, "Pub/Sub is stopping."));
    if (this.#bytes > 0 && this.#bytes + bytes > LARGEST_QUEUE_BYTES) {
      const message = `More than ${LARGEST_QUEUE_BYTES} bytes of messages wait to be stored.`;
      return Promise.reject(new RpcError(status.RESOURCE_EXHAUSTED, message));
    }
    this.#bytes += bytes;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ bytes, items, run, done: (value) => resolve(value as T), failed: reject });
      this.#scheduled ??= setImmediate(() => this.#flush());
    });
  }

  /** Commits what waits and takes no more. */
  close(): void {
    this.#closed = true;
    clearImmediate(this.#scheduled);
    while (this.#waiting.length > 0) this.#flush();
  }

  #flush(): void {
    this.#scheduled = undefined;
    const batch = this.#waiting.splice(0, this.#countOfBatch());
    if (this.#waiting.length > 0 && !this.#closed) this.#scheduled = setImmediate(() => this.#flush());
    for (const { bytes } of batch) this.#bytes -= bytes;
    this.#run(batch);
  }

  #run(batch: readonly Work[]): void {
    let results: readonly unknown[];
    try {
      results = inTransaction(this.#db, () => batch.map(({ run }) => run()));
    } catch (error) {
      if (batch.length > 1) for (const work of batch) this.#run([work]);
      else batch[0]?.failed(error);
      return;
    }
    for (const [index, { done }] of batch.entries()) done(results[index]);
  }

  #countOfBatch(): number {
    let items = 0;
    const over = this.#waiting.findIndex((work) => {
      items += work.items;
      return items > LARGEST_BATCH;
    });
    return over === -1 ? this.#waiting.length : Math.max(over, 1);
  }
}
