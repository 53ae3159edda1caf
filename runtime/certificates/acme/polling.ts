import { setTimeout as sleep } from "node:timers/promises";
import { CaStillWorking } from "./certificate-authority.ts";

/** A CA needs a second or two; one that needs longer gets the rest in another delivery. */
const DEADLINE_MS = 90_000;
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 5_000;

export interface Reading<T> {
  readonly value: T;
  readonly settled: boolean;
  readonly retryAfter: Date | undefined;
}

/**
 * Reads until settled: when the CA's `Retry-After` says, or after pauses that double, with jitter.
 *
 * @throws {CaStillWorking} at the deadline, or at once if the CA asks to come back after it.
 */
export async function poll<T>(
  what: string,
  read: () => Promise<Reading<T>>,
  signal: AbortSignal,
): Promise<T> {
  const ends = performance.now() + DEADLINE_MS;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
    const { value, settled, retryAfter } = await read();
    if (settled) return value;
    const asked = retryAfter ? retryAfter.getTime() - Date.now() : 0;
    const delay = Math.max(asked, pause * (0.75 + Math.random() / 2));
    if (performance.now() + delay > ends) throw new CaStillWorking(what);
    await sleep(delay, undefined, { signal });
  }
}
