import { performance } from "node:perf_hooks";

/** Time as Pub/Sub sees it, so that tests need not wait for a backoff of ten minutes. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `action` once after `delayMs`, unless the returned function is called first. */
  after(delayMs: number, action: () => void): () => void;
}

/** A clock that is slowed down gently loses less between two looks. */
const SET_BACK_MS = 1_000;

/**
 * The machine's time, but for this: when the machine's clock is set back, this one goes on as if it
 * had not been. Otherwise what is due in a minute would be due in an hour and a minute.
 */
export class SteadyClock implements Clock {
  readonly #wall: () => number;
  readonly #steady: () => number;
  #lastWall: number;
  #lastSteady: number;
  #aheadMs = 0;

  constructor(wall: () => number = Date.now, steady: () => number = () => performance.now()) {
    this.#wall = wall;
    this.#steady = steady;
    this.#lastWall = wall();
    this.#lastSteady = steady();
  }

  now(): number {
    const [wall, steady] = [this.#wall(), this.#steady()];
    const lostMs = Math.round(steady - this.#lastSteady - (wall - this.#lastWall));
    if (lostMs > SET_BACK_MS) this.#aheadMs += lostMs;
    this.#lastWall = wall;
    this.#lastSteady = steady;
    return wall + this.#aheadMs;
  }

  after(delayMs: number, action: () => void): () => void {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  }
}
