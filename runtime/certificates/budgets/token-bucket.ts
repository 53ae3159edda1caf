const HOUR_MS = 3_600_000;
/** Levels are computed in binary fractions of milliseconds. */
const ROUNDING = 1e-6;

/** What a bucket holds at most, and how fast it fills. */
export interface TokenRate {
  readonly capacity: number;
  readonly perHour: number;
}

/**
 * A bucket's state is the time at which it will be full. A full one needs no state, so that an object
 * that is gone says the right thing; and two clocks that differ change what is there by what flows in
 * meanwhile, and no more.
 *
 * @see https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
 */
export class TokenBucket {
  readonly rate: TokenRate;
  readonly #perMs: number;

  constructor(rate: TokenRate) {
    this.rate = rate;
    this.#perMs = rate.perHour / HOUR_MS;
  }

  /** Of an empty bucket until it is full. */
  get fillMs(): number {
    return this.rate.capacity / this.#perMs;
  }

  /** How long so many tokens take to flow in. */
  inflowMs(tokens: number): number {
    return tokens / this.#perMs;
  }

  /** A time further ahead than an empty bucket's was written by a clock that was wrong: it counts as empty. */
  level(fullAt: number, now: number): number {
    const missing = Math.max(0, fullAt - now) * this.#perMs;
    return this.rate.capacity - Math.min(missing, this.rate.capacity);
  }

  has(level: number, tokens: number, floor: number): boolean {
    return level - tokens >= floor - ROUNDING;
  }

  /** When the bucket will be full that has this level now. */
  fullAt(level: number, now: number): number {
    return now + this.inflowMs(this.rate.capacity - Math.min(level, this.rate.capacity));
  }
}
