import { status } from "@grpc/grpc-js";
import type { Clock } from "./clock.ts";
import type { LeaseTerms } from "./lease-terms.ts";
import type { Lease, MessageStore } from "./message-store.ts";
import { RpcError } from "./rpc-error.ts";
import type { Subscription } from "./subscription-settings.ts";
import type { Timetable } from "./timetable.ts";

const LARGEST_PULL = 1_000;
/** As much as a gRPC client of Google's takes in one answer, with room to spare. */
const LARGEST_PULL_BYTES = 10_000_000;
const LONGEST_WAIT_MS = 20_000;
const LARGEST_QUEUE = 100;

interface Waiter {
  readonly subscription: Subscription;
  readonly maxMessages: number;
  readonly answer: (leases: Lease[]) => void;
}

/** Answers pulls, at once or as soon as something is due. */
export class PullDesk {
  readonly #store: MessageStore;
  readonly #terms: LeaseTerms;
  readonly #timetable: Timetable;
  readonly #clock: Clock;
  readonly #waiters = new Map<string, Set<Waiter>>();
  #pulls = 0;
  #closed = false;

  constructor(store: MessageStore, terms: LeaseTerms, timetable: Timetable, clock: Clock) {
    this.#store = store;
    this.#terms = terms;
    this.#timetable = timetable;
    this.#clock = clock;
  }

  /**
   * Leases what is due. With nothing due it waits, 20 s at most, unless `returnImmediately`;
   * then, and when `cancelled` fires, the answer is empty.
   *
   * @throws {RpcError} RESOURCE_EXHAUSTED when 100 pulls wait already, UNAVAILABLE after `close`.
   */
  pull(
    subscription: Subscription,
    maxMessages: number,
    returnImmediately: boolean,
    cancelled: AbortSignal,
  ): Promise<Lease[]> {
    if (this.#closed) return Promise.reject(new RpcError(status.UNAVAILABLE, "Pub/Sub is stopping."));
    const leases = this.#lease(subscription, maxMessages);
    if (leases.length > 0 || returnImmediately || cancelled.aborted) return Promise.resolve(leases);
    const waiters = this.#waiters.get(subscription.id) ?? new Set();
    if (waiters.size >= LARGEST_QUEUE) {
      const message = `${LARGEST_QUEUE} pulls wait on ${subscription.id} already.`;
      return Promise.reject(new RpcError(status.RESOURCE_EXHAUSTED, message));
    }
    this.#waiters.set(subscription.id, waiters);
    this.#pulls += 1;
    const key = `pull ${this.#pulls}`;
    return new Promise<Lease[]>((resolve) => {
      const waiter: Waiter = {
        subscription,
        maxMessages,
        answer: (found) => {
          waiters.delete(waiter);
          this.#timetable.clear(key);
          resolve(found);
        },
      };
      waiters.add(waiter);
      this.#timetable.set(key, this.#clock.now() + LONGEST_WAIT_MS, () => waiter.answer([]));
      cancelled.addEventListener("abort", () => waiter.answer([]), { once: true });
      this.#expect(subscription.id);
    });
  }

  /** Looks for due messages, in a turn of its own, if anyone waits for them. */
  wake(subscription: string): void {
    if (this.#waiters.get(subscription)?.size) this.#serveAt(subscription, this.#clock.now());
  }

  /** Answers all who wait for a subscription's messages, with nothing. */
  dismiss(subscription: string): void {
    for (const waiter of [...(this.#waiters.get(subscription) ?? [])]) waiter.answer([]);
    this.#waiters.delete(subscription);
    this.#timetable.clear(`desk ${subscription}`);
  }

  /** Dismisses everyone, and refuses whoever comes later. */
  close(): void {
    this.#closed = true;
    for (const id of [...this.#waiters.keys()]) this.dismiss(id);
  }

  #serve(id: string): void {
    for (const waiter of [...(this.#waiters.get(id) ?? [])]) {
      const leases = this.#lease(waiter.subscription, waiter.maxMessages);
      if (leases.length === 0) break;
      waiter.answer(leases);
    }
    this.#expect(id);
  }

  #expect(id: string): void {
    const next = this.#store.nextDue(id);
    if (next !== undefined && this.#waiters.get(id)?.size) this.#serveAt(id, next);
  }

  #serveAt(id: string, at: number): void {
    this.#timetable.setEarlier(`desk ${id}`, at, () => this.#serve(id));
  }

  #lease(subscription: Subscription, maxMessages: number): Lease[] {
    return this.#terms.lease(subscription, Math.min(maxMessages, LARGEST_PULL), LARGEST_PULL_BYTES);
  }
}
