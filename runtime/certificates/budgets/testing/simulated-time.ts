/** Time that passes only when nobody has anything left to do: years in a moment. */
export class SimulatedTime {
  now: number;
  #sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  constructor(start: number) {
    this.now = start;
  }

  pause(ms: number): Promise<void> {
    return new Promise((wake) => {
      this.#sleepers.push({ at: this.now + ms, wake });
    });
  }

  /** Lets time pass until `work` is done. */
  async until<Result>(work: Promise<Result>): Promise<Result> {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    work.then(over, over);
    for (;;) {
      // All that needs no time first.
      await new Promise((resolve) => setImmediate(resolve));
      if (isOver) return work;
      const next = this.#sleepers.reduce((first, one) => (one.at < first.at ? one : first), {
        at: Number.POSITIVE_INFINITY,
        wake: () => {},
      });
      if (next.at === Number.POSITIVE_INFINITY) throw new Error("Everyone waits, and nobody for a time.");
      this.#sleepers = this.#sleepers.filter((one) => one !== next);
      this.now = Math.max(this.now, next.at);
      next.wake();
    }
  }
}
