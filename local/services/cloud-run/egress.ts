import type { Egress, Kernel } from "../../kernel/contract.ts";
import type { Connections } from "./container/messages.ts";
import type { LogOrigin } from "./log-origin.ts";

/** Rows that are kept; what comes beyond is counted in one row a service. */
const MAX_ROWS = 1000;
const BEYOND = "further destinations";
/** A loop that tries again and again is one log entry a minute. */
const LOG_EVERY_MS = 60_000;

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

  add(connections: readonly Connections[], origin: LogOrigin): void {
    for (const { destination, verdict, count } of connections) {
      const row = this.#row(origin.source, destination, verdict);
      row.count += count;
      if (!row.allowed && Date.now() - row.loggedAt >= LOG_EVERY_MS) this.#log(row, origin);
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

  #log(row: Row, origin: LogOrigin): void {
    const tries = row.count - row.loggedCount;
    row.loggedAt = Date.now();
    row.loggedCount = row.count;
    this.#kernel.logging.write({
      ...origin,
      severity: "ERROR",
      message: `Egress to ${row.destination} was refused${tries > 1 ? ` ${tries} times` : ""}: ${row.rule}.`,
      destination: row.destination,
    });
  }
}
