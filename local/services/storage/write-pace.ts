import { performance } from "node:perf_hooks";
import { rateLimitExceeded } from "./storage-refusal.ts";

/** Beyond this many names, those whose interval has passed are forgotten. */
const SWEEP_AT = 4_096;

/**
 * Google's limit on writes to one object name. Writes are those of bytes and of metadata; a deletion
 * neither counts nor resets, so a creation after it is measured from the write before.
 *
 * @see https://cloud.google.com/storage/quotas#objects
 */
export class WritePace {
  readonly #intervalMs: number;
  readonly #last = new Map<string, number>();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** @throws {StorageRefusal} 429 within the interval of the last noted write. */
  check(bucket: string, name: string): void {
    const last = this.#last.get(key(bucket, name));
    if (last !== undefined && performance.now() - last < this.#intervalMs)
      throw rateLimitExceeded(bucket, name);
  }

  /** Only a write that happened uses up quota: call after it has. */
  note(bucket: string, name: string): void {
    const now = performance.now();
    if (this.#last.size >= SWEEP_AT) {
      for (const [name, last] of this.#last) if (now - last >= this.#intervalMs) this.#last.delete(name);
    }
    this.#last.set(key(bucket, name), now);
  }
}

/** Bucket names hold no slash. */
function key(bucket: string, name: string): string {
  return `${bucket}/${name}`;
}
