import type { Clock } from "./clock.ts";

/** A timer can't be set for longer than 24 days, and a machine that slept fires late: look again at least this often. */
const LONGEST_SLEEP_MS = 60_000;

interface Appointment {
  readonly at: number;
  readonly action: () => void;
}

/** All of Pub/Sub's waiting on one timer, set for whatever is due next. Keys are replaced, never doubled. */
export class Timetable {
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #appointments = new Map<string, Appointment>();
  #cancel: (() => void) | undefined;
  #armedFor = Number.POSITIVE_INFINITY;
  #closed = false;

  /** `onError` gets what an action throws: one action's failure must not silence the others. */
  constructor(clock: Clock, onError: (error: unknown) => void) {
    this.#clock = clock;
    this.#onError = onError;
  }

  set(key: string, at: number, action: () => void): void {
    if (this.#closed) return;
    this.#appointments.set(key, { at, action });
    if (at < this.#armedFor) this.#arm(at);
  }

  /** Like `set`, unless the key has an earlier time already. */
  setEarlier(key: string, at: number, action: () => void): void {
    const current = this.#appointments.get(key);
    if (!current || at < current.at) this.set(key, at, action);
  }

  clear(key: string): void {
    this.#appointments.delete(key);
  }

  /** Forgets everything, and whatever is set later. */
  close(): void {
    this.#closed = true;
    this.#appointments.clear();
    this.#cancel?.();
  }

  #arm(at: number): void {
    this.#cancel?.();
    this.#armedFor = at;
    const delayMs = Math.min(Math.max(at - this.#clock.now(), 0), LONGEST_SLEEP_MS);
    this.#cancel = this.#clock.after(delayMs, () => this.#ring());
  }

  #ring(): void {
    this.#cancel = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    const due = [...this.#appointments].filter(([, { at }]) => at <= now).sort(([, a], [, b]) => a.at - b.at);
    for (const [key, appointment] of due) {
      if (this.#appointments.get(key) !== appointment) continue;
      this.#appointments.delete(key);
      try {
        appointment.action();
      } catch (error) {
        this.#onError(error);
      }
    }
    let next = Number.POSITIVE_INFINITY;
    for (const { at } of this.#appointments.values()) next = Math.min(next, at);
    if (next < this.#armedFor) this.#arm(next);
  }
}
