import type { Instance } from "./instance.ts";
import { NoInstance } from "./no-instance.ts";

/** Requests that may wait for an instance; the next one gets 429 at once. */
const MAX_WAITING = 1000;

/** A request's place in an instance. */
export interface Lease {
  readonly revision: string;
  readonly instance: Instance;
  /** Once; later calls do nothing. */
  release(): void;
}

interface Waiter {
  readonly resolve: (lease: Lease) => void;
  readonly reject: (error: Error) => void;
}

export interface WaitOptions {
  /** How long a request waits while every instance is busy. */
  readonly deadlineMs: number;
  /** An instance on its way has a deadline of its own, which ends the wait in its place. */
  readonly isOneStarting: () => boolean;
}

/** Requests that no instance has room for, served in the order they came. */
export class WaitingLine {
  readonly #options: WaitOptions;
  readonly #waiters = new Set<Waiter>();

  constructor(options: WaitOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#waiters.size;
  }

  /** @throws {NoInstance} when the line is full or the wait too long; what `fail` is given; or the signal's reason. */
  wait(signal: AbortSignal): Promise<Lease> {
    if (this.#waiters.size >= MAX_WAITING) return Promise.reject(new NoInstance());
    const { deadlineMs, isOneStarting } = this.#options;
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        resolve: (lease) => {
          settle();
          resolve(lease);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      const onAbort = () => waiter.reject(signal.reason);
      const expire = () => {
        if (isOneStarting()) timer = setTimeout(expire, deadlineMs);
        else waiter.reject(new NoInstance());
      };
      let timer = setTimeout(expire, deadlineMs);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiters.add(waiter);
      if (signal.aborted) onAbort();
    });
  }

  /** Serves who waits, as long as there are leases to have. */
  serve(next: () => Lease | undefined): void {
    for (const waiter of [...this.#waiters]) {
      const lease = next();
      if (!lease) return;
      waiter.resolve(lease);
    }
  }

  /** Sends everyone away. */
  fail(error: Error): void {
    for (const waiter of [...this.#waiters]) waiter.reject(error);
  }
}
