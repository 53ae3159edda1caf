import type { Clock } from "./clock.ts";
import type { MessageStore } from "./message-store.ts";
import type { Timetable } from "./timetable.ts";

/** Between two batches, so that sweeping a large backlog leaves time for others. */
const PAUSE_MS = 1_000;

export interface RetentionOptions {
  readonly store: MessageStore;
  readonly timetable: Timetable;
  readonly clock: Clock;
  /** Called for each message that a subscription is no longer owed. */
  readonly onSettled: (subscription: string, messageId: string) => void;
}

/** Drops messages that were kept for as long as their subscription keeps them. */
export class Retention {
  readonly #options: RetentionOptions;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** After something was stored that expires at `at`, or to find out what expires next. */
  expect(at = this.#options.store.nextRetentionEnd()): void {
    if (at === undefined) return;
    const { timetable, clock } = this.#options;
    timetable.setEarlier("retention", Math.max(at, clock.now() + PAUSE_MS), () => this.#sweep());
  }

  #sweep(): void {
    const { store, timetable, clock, onSettled } = this.#options;
    // Before the work, so that a failing database is tried again.
    this.expect(clock.now());
    const dropped = store.sweep(clock.now());
    for (const { subscription, messageId } of dropped) onSettled(subscription, messageId);
    timetable.clear("retention");
    this.expect();
  }
}
