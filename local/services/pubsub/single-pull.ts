import { randomUUID } from "node:crypto";
import type { Clock } from "./clock.ts";
import type { Lease } from "./message-store.ts";
import type { Puller, PullQueues } from "./pull-queues.ts";
import type { Timetable } from "./timetable.ts";

const LARGEST_PULL = 1_000;
/** As much as a gRPC client of Google's takes in one answer, with room to spare. */
const LARGEST_PULL_BYTES = 10_000_000;
const LONGEST_WAIT_MS = 20_000;

export interface SinglePull {
  readonly subscription: string;
  readonly maxMessages: number;
  readonly returnImmediately: boolean;
  /** Fires when the caller hung up. */
  readonly cancelled: AbortSignal;
}

/**
 * Leases what is due. With nothing due it waits, 20 s at most, unless `returnImmediately`;
 * then, when `cancelled` fires and when its queue dismisses it, the answer is empty.
 *
 * @throws {RpcError} as `PullQueues.join`.
 */
export async function pullOnce(
  { subscription, maxMessages, returnImmediately, cancelled }: SinglePull,
  { queues, timetable, clock }: { queues: PullQueues; timetable: Timetable; clock: Clock },
): Promise<readonly Lease[]> {
  const messages = Math.min(maxMessages, LARGEST_PULL);
  const leases = queues.take(subscription, messages, LARGEST_PULL_BYTES);
  if (leases.length > 0 || returnImmediately || cancelled.aborted) return leases;
  const key = `pull ${randomUUID()}`;
  let leave: (() => void) | undefined;
  try {
    return await new Promise<readonly Lease[]>((resolve) => {
      const puller: Puller = {
        room: { messages, bytes: LARGEST_PULL_BYTES },
        ackDeadlineSeconds: undefined,
        give: (found) => {
          // At once: whoever has been served is not served again.
          leave?.();
          resolve(found);
        },
        settled: () => {},
        dismiss: () => resolve([]),
      };
      leave = queues.join(subscription, puller);
      timetable.set(key, clock.now() + LONGEST_WAIT_MS, () => resolve([]));
      cancelled.addEventListener("abort", () => resolve([]), { once: true });
    });
  } finally {
    leave?.();
    timetable.clear(key);
  }
}
