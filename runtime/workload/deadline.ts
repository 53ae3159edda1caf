import { type Clock, SYSTEM_CLOCK } from "./clock.ts";

/** Something took longer than it may. */
export class DeadlineExceeded extends Error {
  readonly code = "DEADLINE_EXCEEDED";

  constructor(what: string, deadlineMs: number, options?: ErrorOptions) {
    super(`${what} took longer than ${deadlineMs} ms.`, options);
    this.name = "DeadlineExceeded";
  }
}

/**
 * Settles as `work` does, or fails at the deadline. The work itself goes on unless it heeds a
 * signal: for clients that have none.
 *
 * @throws {DeadlineExceeded}
 */
export async function withDeadline<T>(
  what: string,
  deadlineMs: number,
  work: Promise<T>,
  clock: Clock = SYSTEM_CLOCK,
): Promise<T> {
  let callOff: (() => void) | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    callOff = clock.after(deadlineMs, () => reject(new DeadlineExceeded(what, deadlineMs)));
  });
  try {
    return await Promise.race([work, expired]);
  } finally {
    callOff?.();
  }
}

export interface RetryOptions {
  /** Names the work in errors. */
  readonly what: string;
  /** For all attempts and pauses together. */
  readonly deadlineMs: number;
  /** For one attempt. */
  readonly attemptMs: number;
  /** The longest pause before the second attempt; it doubles up to `maxPauseMs`. */
  readonly pauseMs: number;
  readonly maxPauseMs: number;
  readonly isTransient: (error: unknown) => boolean;
  /** @default the system's */
  readonly clock?: Clock;
}

/**
 * Tries until it works, fails for good, or would run past the deadline. Pauses are random
 * between nothing and a doubling limit ("full jitter"), so that losers of a race spread out.
 *
 * @throws the last attempt's own error.
 */
export async function retrying<T>(
  options: RetryOptions,
  attempt: (number: number) => Promise<T>,
): Promise<T> {
  const { what, clock = SYSTEM_CLOCK } = options;
  const ends = clock.monotonicMs() + options.deadlineMs;
  for (let number = 1; ; number++) {
    const left = Math.max(1, ends - clock.monotonicMs());
    try {
      return await withDeadline(what, Math.min(options.attemptMs, left), attempt(number), clock);
    } catch (error) {
      const transient = error instanceof DeadlineExceeded || options.isTransient(error);
      const limit = Math.min(options.maxPauseMs, options.pauseMs * 2 ** (number - 1));
      const pause = Math.random() * limit;
      if (!transient || clock.monotonicMs() + pause >= ends) throw error;
      await clock.sleep(pause);
    }
  }
}
