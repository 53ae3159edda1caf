const WINDOW_MS = 3_600_000;

/** Writes of one hour, from the first write on. A restart of the cloud begins a new hour. */
export class WriteBudget {
  readonly #writesPerHour: number;
  #left: number;
  #resetAt = 0;

  constructor(writesPerHour: number) {
    this.#writesPerHour = writesPerHour;
    this.#left = writesPerHour;
  }

  /** Takes one write, if there is one. `resetSeconds` is in seconds since 1970. */
  spend(now: number): {
    readonly allowed: boolean;
    readonly remaining: number;
    readonly resetSeconds: number;
  } {
    if (now >= this.#resetAt) {
      this.#left = this.#writesPerHour;
      this.#resetAt = now + WINDOW_MS;
    }
    const allowed = this.#left > 0;
    if (allowed) this.#left -= 1;
    return { allowed, remaining: this.#left, resetSeconds: Math.ceil(this.#resetAt / 1000) };
  }
}
