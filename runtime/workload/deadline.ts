import { setTimeout as sleep } from "node:timers/promises";

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
export async function withDeadline<T>(what: string, deadlineMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DeadlineExceeded(what, deadlineMs)), deadlineMs);
  });
  try {
    return await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
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
  const ends = performance.now() + options.deadlineMs;
  for (let number = 1; ; number++) {
    const left = Math.max(1, ends - performance.now());
    try {
      return await withDeadline(options.what, Math.min(options.attemptMs, left), attempt(number));
    } catch (error) {
      const transient = error instanceof DeadlineExceeded || options.isTransient(error);
      const limit = Math.min(options.maxPauseMs, options.pauseMs * 2 ** (number - 1));
      const pause = Math.random() * limit;
      if (!transient || performance.now() + pause >= ends) throw error;
      await sleep(pause);
    }
  }
}
