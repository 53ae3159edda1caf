import type { Clock } from "./clock.ts";
import type { CommitQueue } from "./commit-queue.ts";
import type { Deliveries } from "./deliveries.ts";
import type { Directory } from "./directory.ts";
import type { Lease, LeaseRef, MessageStore } from "./message-store.ts";
import type { Subscription } from "./subscription-settings.ts";
import type { Timetable } from "./timetable.ts";

/** A push settles its own deadline; its lease outlives that a little, and ends it only if the process could not. */
const PUSH_GRACE_MS = 5_000;
const BATCH = 100;
const RETRY_MS = 5_000;

export interface LeaseTermsOptions {
  readonly store: MessageStore;
  readonly directory: Directory;
  readonly deliveries: Deliveries;
  readonly commits: CommitQueue;
  readonly timetable: Timetable;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** Gives leases and ends those whose holder did not. */
export class LeaseTerms {
  readonly #options: LeaseTermsOptions;

  constructor(options: LeaseTermsOptions) {
    this.#options = options;
  }

  /** Pushes of an earlier process lost their connection with it: they failed. Pulled leases run on. */
  resume(): void {
    const { store, directory, clock } = this.#options;
    for (const { id, push } of directory.subscriptions()) if (push) store.expireLeases(id, clock.now());
    const next = store.nextLeaseExpiry();
    if (next !== undefined) this.#expectExpiry(next);
  }

  /** For as long as the subscription says, unless the holder asked for other `seconds`. */
  lease(
    subscription: Subscription,
    count: number,
    bytes: number,
    seconds = subscription.ackDeadlineSeconds,
  ): Lease[] {
    const { store, clock } = this.#options;
    const now = clock.now();
    const deadline = now + seconds * 1000 + (subscription.push ? PUSH_GRACE_MS : 0);
    const leases = store.lease(subscription.id, now, deadline, count, bytes);
    if (leases.length > 0) this.#expectExpiry(deadline);
    return leases;
  }

  /** Moves a lease's deadline; inside a transaction. */
  extend(lease: { subscription: string; messageId: string; attempt: number }, seconds: number): void {
    const deadline = this.#options.clock.now() + seconds * 1000;
    this.#options.store.extend(lease, deadline);
    this.#expectExpiry(deadline);
  }

  #expectExpiry(at: number): void {
    this.#options.timetable.setEarlier("leases", at, () => void this.#endExpired());
  }

  async #endExpired(): Promise<void> {
    const { store, deliveries, commits, clock, onError } = this.#options;
    try {
      const now = clock.now();
      const expired = store.expiredLeases(now, BATCH);
      // Each a work of its own: what keeps one from ending must not keep the others.
      const end = (lease: LeaseRef) => {
        // Its holder may have been heard a moment before.
        if (store.hasExpired(lease, now)) deliveries.fail(lease);
      };
      await Promise.all(expired.map((lease) => commits.commit(() => end(lease))));
      const next = store.nextLeaseExpiry();
      if (next !== undefined) this.#expectExpiry(next);
    } catch (error) {
      onError(error);
      this.#expectExpiry(clock.now() + RETRY_MS);
    }
  }
}
