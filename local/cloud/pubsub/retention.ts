import type { Clock } from "./clock.ts";
import type { MessageStore } from "./message-store.ts";
import type { Timetable } from "./timetable.ts";

/** Between two batches, so that sweeping a large backlog leaves time for others. */
const PAUSE_MS = 1_000;

/** Drops messages that were kept for as long as their subscription keeps them. */
export class Retention {
  readonly #store: MessageStore;
  readonly #timetable: Timetable;
  readonly #clock: Clock;

  constructor(store: MessageStore, timetable: Timetable, clock: Clock) {
    this.#store = store;
    this.#timetable = timetable;
    this.#clock = clock;
  }

  /** After something was stored that expires at `at`, or to find out what expires next. */
  expect(at = this.#store.nextRetentionEnd()): void {
    if (at === undefined) return;
    this.#timetable.setEarlier("retention", Math.max(at, this.#clock.now() + PAUSE_MS), () => this.#sweep());
  }

  #sweep(): void {
    // Before the work, so that a failing database is tried again.
    this.expect(this.#clock.now());
    this.#store.sweep(this.#clock.now());
    this.#timetable.clear("retention");
    this.expect();
  }
}
