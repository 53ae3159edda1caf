import type { Clock } from "../clock.ts";

interface Event {
  readonly at: number;
  /** Events of one moment happen in the order in which they were asked for. */
  readonly order: number;
  act: (() => void) | undefined;
}

/**
 * Time that passes only when nothing is left to do at the moment: what waits for an hour has waited at
 * once, and the same choices give the same history. Whatever runs by it waits for nothing else: no
 * network, no timers of the system, no work in other threads.
 */
export class VirtualClock implements Clock {
  #nowMs: number;
  #order = 0;
  readonly #events: Event[] = [];

  constructor(start = new Date("2026-12-01T00:00:00Z")) {
    this.#nowMs = start.getTime();
  }

  readonly now = (): Date => new Date(this.#nowMs);

  monotonicMs(): number {
    return this.#nowMs;
  }

  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        callOff();
        reject(signal?.reason);
      };
      const callOff = this.after(ms, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  };

  after(ms: number, act: () => void): () => void {
    const event: Event = { at: this.#nowMs + Math.max(0, ms), order: this.#order++, act };
    this.#add(event);
    return () => {
      event.act = undefined;
    };
  }

  /**
   * Lets time pass until `work` has settled.
   *
   * @throws {Error} when it can't settle any more, or not within `limitMs`.
   */
  async run<T>(work: Promise<T>, limitMs = Number.POSITIVE_INFINITY): Promise<T> {
    let isSettled = false;
    const settled = () => {
      isSettled = true;
    };
    work.then(settled, settled);
    const ends = this.#nowMs + limitMs;
    for (;;) {
      await turn();
      if (isSettled) return work;
      const event = this.#take();
      if (!event) throw new Error(`At ${this.now().toISOString()} all wait for each other.`);
      if (event.at > ends) throw new Error(`The work was not done within ${limitMs / 1000} s.`);
      this.#nowMs = event.at;
      event.act?.();
    }
  }

  /** A binary heap: the parent of `index` is never later. */
  #add(event: Event): void {
    const events = this.#events;
    let index = events.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = events[parent];
      if (!above || !isBefore(event, above)) break;
      events[index] = above;
      index = parent;
    }
    events[index] = event;
  }

  /** The next event that was not called off. */
  #take(): Event | undefined {
    for (;;) {
      const first = this.#events[0];
      const last = this.#events.pop();
      if (!first || !last) return undefined;
      if (last !== first) this.#sink(last);
      if (first.act) return first;
    }
  }

  #sink(event: Event): void {
    const events = this.#events;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const [first, second] = [events[left], events[left + 1]];
      if (!first) break;
      const isSecond = second !== undefined && isBefore(second, first);
      const child = isSecond ? second : first;
      if (!isBefore(child, event)) break;
      events[index] = child;
      index = isSecond ? left + 1 : left;
    }
    events[index] = event;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Until all that can go on without time passing has. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
