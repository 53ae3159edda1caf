import { setTimeout as sleep } from "node:timers/promises";

/** Time, for whatever waits: a simulation brings its own, in which a year passes in minutes. */
export interface Clock {
  now(): Date;
  /** Milliseconds since some moment, which no correction of the time of day moves. */
  monotonicMs(): number;
  /** @throws the signal's reason once it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `act` once, and keeps no process alive for it. @returns what calls it off */
  after(ms: number, act: () => void): () => void;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal && { signal }),
  after: (ms, act) => {
    const timer = setTimeout(act, ms).unref();
    return () => clearTimeout(timer);
  },
};
