import type { Kernel } from "../parts.ts";
import type { Connections } from "./container/messages.ts";

/** Rows that are kept; what comes beyond is counted in one row a service. */
const MAX_ROWS = 1000;
const BEYOND = "further destinations";
/** A loop that tries again and again is one log entry a minute. */
const LOG_EVERY_MS = 60_000;

/** Outgoing connections of a service's instances to one destination, since the cloud started. */
export interface Egress {
  readonly service: string;
  /** `address:port`, `name:port`, or what would have connected unseen (`the program curl`). */
  readonly destination: string;
  readonly allowed: boolean;
  /** Which part of the cloud it is. Of an allowed destination. */
  readonly part?: string;
  /** Why it is none. Of a refused destination. */
  readonly rule?: string;
  readonly count: number;
}

interface Row extends Egress {
  count: number;
  loggedCount: number;
  loggedAt: number;
}

/** Where the instances of all services connected to, or tried to: what the guards in their processes report. */
export class EgressLedger {
  readonly #kernel: Pick<Kernel, "logging">;
  readonly #rows = new Map<string, Row>();

  constructor(kernel: Pick<Kernel, "logging">) {
    this.#kernel = kernel;
  }

  /** Refused ones first, then by service. */
  get rows(): readonly Egress[] {
    return [...this.#rows.values()]
      .map(({ loggedCount, loggedAt, ...row }) => row)
      .sort((a, b) => Number(a.allowed) - Number(b.allowed) || a.service.localeCompare(b.service));
  }

  add(service: string, connections: readonly Connections[], labels: Readonly<Record<string, unknown>>): void {
    for (const { destination, verdict, count } of connections) {
      const row = this.#row(service, destination, verdict);
      row.count += count;
      if (!row.allowed && Date.now() - row.loggedAt >= LOG_EVERY_MS) this.#log(row, labels);
    }
  }

  /** Forgets a service that is gone. */
  forget(service: string): void {
    for (const [key, row] of this.#rows) if (row.service === service) this.#rows.delete(key);
  }

  #row(service: string, destination: string, verdict: Connections["verdict"]): Row {
    const allowed = "part" in verdict;
    const known = this.#rows.get(`${service} ${allowed} ${destination}`);
    if (known) return known;
    const name = this.#rows.size < MAX_ROWS ? destination : BEYOND;
    const key = `${service} ${allowed} ${name}`;
    const row = this.#rows.get(key) ?? {
      service,
      destination: name,
      allowed,
      ...verdict,
      count: 0,
      loggedCount: 0,
      loggedAt: Number.NEGATIVE_INFINITY,
    };
    this.#rows.set(key, row);
    return row;
  }

  #log(row: Row, labels: Readonly<Record<string, unknown>>): void {
    const tries = row.count - row.loggedCount;
    row.loggedAt = Date.now();
    row.loggedCount = row.count;
    this.#kernel.logging.write({
      ...labels,
      severity: "ERROR",
      source: row.service,
      message: `Egress to ${row.destination} was refused${tries > 1 ? ` ${tries} times` : ""}: ${row.rule}.`,
      destination: row.destination,
    });
  }
}
