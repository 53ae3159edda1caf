import type { DomainRecord, JournalEntry, Phase } from "../../certificates/registry/lifecycle.ts";
import type { Registry } from "../../certificates/registry/registry.ts";
import { entryOf, hasReached } from "../../certificates/registry/state.ts";
import type { Logger } from "../../workload/logger.ts";
import type { ChallengeTokens } from "./challenge-tokens.ts";

/** The journal of the order at hand, as read once under the lease and written since. */
export class OrderJournal {
  readonly #registry: Registry;
  #entries: JournalEntry[];
  readonly #signal: AbortSignal;
  readonly domain: string;
  readonly orderNumber: number;

  constructor(
    registry: Registry,
    domain: string,
    orderNumber: number,
    entries: readonly JournalEntry[],
    signal: AbortSignal,
  ) {
    this.#registry = registry;
    this.domain = domain;
    this.orderNumber = orderNumber;
    this.#entries = [...entries];
    this.#signal = signal;
  }

  has(phase: Phase): boolean {
    return hasReached(this.#entries, phase);
  }

  detail(phase: Phase): Readonly<Record<string, string>> | undefined {
    return entryOf(this.#entries, phase)?.detail;
  }

  entry(phase: Phase): JournalEntry | undefined {
    return entryOf(this.#entries, phase);
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  /**
   * Writes a phase unless it is there. As every effect is announced by one, this is also where an
   * issuer whose lease or time is over stops.
   *
   * @returns `exists` when the entry is another delivery's; its detail is then the one that counts.
   * @throws the signal's reason
   */
  async append(
    phase: Phase,
    at: Date,
    detail: Readonly<Record<string, string>> = {},
  ): Promise<"appended" | "exists"> {
    this.#signal.throwIfAborted();
    if (this.has(phase)) return "exists";
    const entry: JournalEntry = { phase, at: at.toISOString(), detail };
    const result = await this.#registry.append(this.domain, this.orderNumber, entry);
    if (result === "appended") this.#entries.push(entry);
    else this.#entries = [...(await this.#registry.journal(this.domain, this.orderNumber))];
    return result;
  }
}

/** What the steps of an order share within one delivery. */
export interface OrderWork {
  /** As read under the lease. */
  readonly record: DomainRecord;
  readonly journal: OrderJournal;
  readonly tokens: ChallengeTokens;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Another delivery went on with the order in spite of our lease: it has the order now. */
export class OvertakenByAnother extends Error {
  readonly code = "OVERTAKEN";

  constructor({ domain, orderNumber }: OrderJournal) {
    super(`Another delivery is at work on order ${orderNumber} of ${domain}.`);
    this.name = "OvertakenByAnother";
  }
}
