const SMALLEST = 4;
const LARGEST = 64;

/**
 * How many pushes of a subscription may be under way: few at first, twice as many after each
 * success, half after each failure. Never so few that one message which hangs holds up the rest.
 */
export class PushWindow {
  #size = SMALLEST;

  get size(): number {
    return this.#size;
  }

  grow(): void {
    this.#size = Math.min(LARGEST, this.#size * 2);
  }

  shrink(): void {
    this.#size = Math.max(SMALLEST, Math.floor(this.#size / 2));
  }
}
