/** Limits of a subscription's retry policy, in milliseconds. */
export interface RetryPolicy {
  readonly minimumBackoffMs: number;
  readonly maximumBackoffMs: number;
}

/** Google's bounds for a push that fails where no retry policy is set. */
export const PUSH_BACKOFF: RetryPolicy = { minimumBackoffMs: 100, maximumBackoffMs: 60_000 };

/** A policy may start at zero; growth has to start at something. */
const SMALLEST_STEP_MS = 100;

/**
 * How long a message waits after its `attempt`th delivery failed (1 is the first): the minimum,
 * doubled each time, up to half as much again by `random` (0 to 1) so that messages that failed
 * together do not return together. Never below the minimum nor above the maximum.
 */
export function backoffMs(policy: RetryPolicy, attempt: number, random: number): number {
  const { minimumBackoffMs, maximumBackoffMs } = policy;
  const doubled = Math.max(minimumBackoffMs, SMALLEST_STEP_MS) * 2 ** (attempt - 1);
  const delayMs = doubled * (1 + random / 2);
  if (delayMs < maximumBackoffMs) return Math.round(delayMs);
  return Math.round(Math.max(minimumBackoffMs, maximumBackoffMs * (1 - random / 10)));
}
