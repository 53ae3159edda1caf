import type { LoggedErrors, TroubledSubscription } from "../../../../review/rehearsal/rehearsal.ts";
import { control } from "../../../daemon/cloud-process.ts";
import type { CloudStatus } from "../../../daemon/control.ts";
import { messageOf } from "../../../services/logging/log-entry.ts";
import { LogFiles } from "../../log-files.ts";
import { rest } from "./tallies.ts";

const POLL_MS = 250;
/** Those with the most errors: the cause is among them. */
const MOST_SOURCES = 5;
const MOST_CHARACTERS = 300;
const GRAVE: readonly string[] = ["ERROR", "CRITICAL", "ALERT", "EMERGENCY"];

/** What Pub/Sub says of its subscriptions, and everybody in the logs. */
export interface Observed {
  readonly subscriptions: readonly TroubledSubscription[];
  readonly logged: readonly LoggedErrors[];
}

/** Waits until nobody is owed a message any more, but for the dead letters that are kept. */
export async function settled(
  { ports }: CloudStatus,
  keepers: ReadonlySet<string>,
  late: AbortSignal,
): Promise<Readonly<Record<string, number>>> {
  for (;;) {
    const { backlogs } = (await control(ports.control, "GET", "/backlogs")) as {
      backlogs: Readonly<Record<string, number>>;
    };
    const waiting = Object.entries(backlogs).filter(([id, count]) => count > 0 && !keepers.has(id));
    if (waiting.length === 0 || late.aborted) return Object.fromEntries(waiting);
    await rest(POLL_MS, late);
  }
}

/** @param waiting messages that wait still, by subscription */
export async function observe(
  stateDir: string,
  since: Date,
  waiting: Readonly<Record<string, number>>,
): Promise<Observed> {
  const lost = new Map<string, number>();
  const deadLettered = new Map<string, number>();
  const logged = new Map<string, { count: number; first: string }>();
  const files = new LogFiles(stateDir);
  for (const source of files.sources()) {
    for await (const { entry } of files.read(source)) {
      if (Date.parse(entry.timestamp) < since.getTime()) continue;
      const { jsonPayload: fields = {} } = entry;
      const subscription = String(fields.subscription);
      if (source === "pubsub" && typeof fields.lost === "number") add(lost, subscription, fields.lost);
      if (source === "pubsub" && fields.deadLetterId !== undefined) add(deadLettered, subscription, 1);
      if (!GRAVE.includes(entry.severity)) continue;
      const known = logged.get(source) ?? { count: 0, first: firstLine(messageOf(entry)) };
      logged.set(source, { ...known, count: known.count + 1 });
    }
  }
  const ids = new Set([...lost.keys(), ...deadLettered.keys(), ...Object.keys(waiting)]);
  return {
    subscriptions: [...ids].sort().map((id) => ({
      name: id.split("/").at(-1) ?? id,
      lost: lost.get(id) ?? 0,
      deadLettered: deadLettered.get(id) ?? 0,
      waiting: waiting[id] ?? 0,
    })),
    logged: [...logged]
      .map(([source, errors]) => ({ source, ...errors }))
      .sort((one, other) => other.count - one.count)
      .slice(0, MOST_SOURCES),
  };
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

function firstLine(message: string): string {
  return (message.split("\n")[0] ?? "").slice(0, MOST_CHARACTERS);
}
