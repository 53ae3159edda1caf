import { createHash } from "node:crypto";
import type { DomainRecord } from "./lifecycle.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** After one failure, two, three, and more. @see https://letsencrypt.org/docs/integration-guide/#retrying-failures */
const BACKOFF_MS = [MINUTE_MS, 10 * MINUTE_MS, 100 * MINUTE_MS, DAY_MS];
/** At most so much is added, so that what failed together is not tried again together. */
const JITTER = 0.2;
/** Longer than all deliveries of one message usually take: after it the message may be lost, or a dead letter. */
const SILENCE_MS = 15 * MINUTE_MS;
/** For so long a domain is tried whose owner is at fault. */
const PATIENCE_MS = 30 * DAY_MS;

/** When a domain is tried again whose orders failed `failures` times in a row. */
export function nextTryAt(domain: string, failures: number, at: Date): Date {
  const pause = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length) - 1] ?? MINUTE_MS;
  return new Date(at.getTime() + Math.round(pause * (1 + JITTER * shareOf(`${domain} ${failures}`))));
}

/** When a domain is looked at whose order, or removal, was begun or sent on now, and may fall silent. */
export function silentAt(at: Date): Date {
  return new Date(at.getTime() + SILENCE_MS);
}

/** When one is that has been silent since `updatedAt`: each time after twice as long, within a day. */
export function stillSilentAt({ updatedAt }: DomainRecord, at: Date): Date {
  const silentMs = at.getTime() - Date.parse(updatedAt);
  return new Date(at.getTime() + Math.min(Math.max(silentMs, SILENCE_MS), DAY_MS));
}

/** Whether its owner has had long enough to mend what is wrong since then. */
export function isOutOfPatience(since: string, at: Date): boolean {
  return at.getTime() - Date.parse(since) >= PATIENCE_MS;
}

export function isDue({ dueAt }: Pick<DomainRecord, "dueAt">, at: Date): boolean {
  return dueAt !== undefined && Date.parse(dueAt) <= at.getTime();
}

/** From 0 to 1, the same for a text whenever and wherever it is asked for. */
export function shareOf(text: string): number {
  return createHash("sha256").update(text).digest().readUInt32BE(0) / 2 ** 32;
}
