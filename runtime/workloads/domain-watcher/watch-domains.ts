import pLimit from "p-limit";
import type { Checking, MessageAttributes } from "../../certificates/messages.ts";
import { isDue, shareOf } from "../../certificates/registry/due.ts";
import { promisedShare, shareLeft } from "../../certificates/renewal/lifetime.ts";
import type { Topic } from "../../google/publisher.ts";
import type { Round } from "../../workload/scheduled.ts";
import { formatTraceparent } from "../../workload/trace.ts";
import type { DomainListing, ListedDomain } from "./domain-listing.ts";

const MINUTE_MS = 60_000;
/** Messages on their way to Pub/Sub. */
const PUBLISHES_IN_FLIGHT = 50;

export interface WatcherPorts {
  readonly listing: DomainListing;
  readonly checking: Pick<Topic, "publish">;
  /** Within so many minutes each domain is checked once. */
  readonly intervalMinutes: number;
  readonly now: () => Date;
}

/** What a round saw of all domains, for the indicators that stand on it. */
export interface Seen {
  readonly total: number;
  readonly active: number;
  /** Active ones with as much life left as was promised. */
  readonly healthy: number;
  /** Checks that were asked for. */
  readonly asked: number;
}

/**
 * Asks for a check of each domain whose turn of the interval has come, and of each where something is due.
 *
 * A turn is a minute of the interval, by the name alone: so checks are spread evenly, and nothing has to be
 * remembered. A round also takes the turns that were missed since the last one of this instance; of those
 * that were missed otherwise, the next turn is an interval later.
 */
export function createWatcher({ listing, checking, intervalMinutes, now }: WatcherPorts) {
  let coveredMinute: number | undefined;

  return async ({ trace, signal }: Pick<Round, "trace" | "signal">): Promise<Seen> => {
    const at = now();
    const minute = Math.floor(at.getTime() / MINUTE_MS);
    const minutes = Math.min(intervalMinutes, minute - (coveredMinute ?? minute - 1));
    const isTurn = (domain: string) => {
      const turn = Math.floor(shareOf(domain) * intervalMinutes);
      return (minute - turn) % intervalMinutes < minutes;
    };
    const limit = pLimit(PUBLISHES_IN_FLIGHT);
    const attributes: MessageAttributes = { customer: "", traceparent: formatTraceparent(trace) };
    const seen = { total: 0, active: 0, healthy: 0, asked: 0 };
    for await (const page of listing.pages(signal)) {
      const asked = page.filter(
        ({ domain, dueAt }) => isTurn(domain) || isDue({ dueAt: dueAt ?? undefined }, at),
      );
      for (const listed of page) count(seen, listed, at);
      seen.asked += asked.length;
      await Promise.all(
        asked.map(({ domain }) =>
          limit(() => {
            const message: Checking = { domain };
            return checking.publish(message, { ...attributes });
          }),
        ),
      );
    }
    coveredMinute = minute;
    return seen;
  };
}

function count(
  seen: { total: number; active: number; healthy: number },
  { state, notBefore, notAfter }: ListedDomain,
  at: Date,
): void {
  seen.total += 1;
  if (state !== "active" || notBefore === null || notAfter === null) return;
  seen.active += 1;
  const lifetime = { notBefore, notAfter };
  if (shareLeft(lifetime, at) > promisedShare(lifetime)) seen.healthy += 1;
}
