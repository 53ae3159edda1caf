import { EgressRefused } from "./egress-refused.ts";
import { tellHost } from "./host-link.ts";
import type { Connections } from "./messages.ts";

/** Ports of 127.0.0.1 and the part of the cloud behind each. The host writes it before this code. */
declare const LOCAL_CLOUD_DESTINATIONS: Readonly<Record<string, string>>;

export const LOOPBACK = "127.0.0.1";
export const OUTSIDE = "a workload may reach the local cloud alone, never the world outside";
const NOT_OURS = "this port of the machine is no part of the local cloud that the service may use";

/** How often the host hears of connections; of the first refusal of a destination it hears at once. */
const TELL_MS = 1000;
const MAX_DESTINATIONS = 100;
const OTHERS = "further destinations";

interface Tally {
  readonly verdict: Connections["verdict"];
  count: number;
}

const ownPorts = new Set<number>();
const tallies = new Map<string, Tally>();
const refusedBefore = new Set<string>();
let timer: NodeJS.Timeout | undefined;

/** The instance itself listens there, so it may connect there. */
export function addOwnPort(port: number): void {
  ownPorts.add(port);
}

export function isOwnPort(port: number): boolean {
  return ownPorts.has(port);
}

/** Counts a connection to an address, and says why it must not be. */
export function judge(address: string, port: number): EgressRefused | undefined {
  const destination = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  if (address !== LOOPBACK) return refuse(destination, OUTSIDE);
  const part = ownPorts.has(port) ? "itself" : LOCAL_CLOUD_DESTINATIONS[port];
  if (part === undefined) return refuse(destination, NOT_OURS);
  count(destination, { part });
  return undefined;
}

export function refuse(destination: string, rule: string): EgressRefused {
  count(destination, { rule });
  if (!refusedBefore.has(destination) && refusedBefore.size < MAX_DESTINATIONS) {
    refusedBefore.add(destination);
    tell();
  }
  return new EgressRefused(destination, rule);
}

function count(destination: string, verdict: Connections["verdict"]): void {
  const isKnown = tallies.has(destination) || tallies.size < MAX_DESTINATIONS;
  const key = isKnown ? destination : OTHERS;
  const tally = tallies.get(key) ?? { verdict, count: 0 };
  tally.count += 1;
  tallies.set(key, tally);
  timer ??= setTimeout(tell, TELL_MS).unref();
}

function tell(): void {
  clearTimeout(timer);
  timer = undefined;
  if (tallies.size === 0) return;
  const connections = [...tallies].map(([destination, tally]) => ({ destination, ...tally }));
  tallies.clear();
  tellHost({ kind: "egress", connections });
}

process.on("exit", tell);
