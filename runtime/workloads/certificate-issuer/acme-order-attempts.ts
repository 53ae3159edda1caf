import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { ObjectStore } from "../../google/object-store.ts";

/** ACME orders that may exist for one order number at one CA. */
export const MAX_ATTEMPTS = 3;
/** Three objects an attempt, of a handful of CAs. */
const PAGE_SIZE = 100;

const announcedSchema = z.object({ at: z.iso.datetime(), ca: z.string().optional() });
const acmeOrderSchema = z.object({ url: z.url(), at: z.iso.datetime().optional() });
const finalizedSchema = z.object({ orderUrl: z.url(), ca: z.string() });

/** An attempt beyond the first, which the journal itself shows. */
export interface FurtherAttempt {
  readonly number: number;
  /** The name of the CA. */
  readonly ca: string | undefined;
  /** Absent where the reply to newOrder was lost. */
  readonly url: string | undefined;
  /** When the CA gave the URL, or was about to be asked for it. */
  readonly since: string;
}

export interface Attempts {
  readonly latest: FurtherAttempt | undefined;
  /** Names of CAs that are asked no more under this order number. */
  readonly left: ReadonlySet<string>;
}

export type FinalizedAcmeOrder = Readonly<z.output<typeof finalizedSchema>>;

/**
 * Counts the calls of newOrder for an order number that may have left an ACME order at a CA. The
 * call is not idempotent: a lost reply leaves a pending ACME order behind, and a CA that lost one,
 * failed over it, or did not confirm the domain, needs a new one, as does another CA. So all are bounded.
 *
 * Attempts beyond the first are objects beside the order's journal and removed with it:
 * `attempt-N.json`, written before the call, and `attempt-N-order.json` with the URL that came back.
 * Giving an attempt back removes the former; `attempt-1-none.json` gives back the first, which is an
 * entry of the journal and stays.
 *
 * The journal's `finalizing` names the ACME order that is finalised. Where the CA then says that this one
 * is invalid, which is final, `attempt-finalizing-2.json` names the next that may be, and so on: each is
 * written once, so no two ACME orders that may both become valid are finalised.
 */
export class AcmeOrderAttempts {
  readonly #objects: ObjectStore;
  readonly #prefix: string;

  constructor(objects: ObjectStore, domain: string, orderNumber: number) {
    this.#objects = objects;
    this.#prefix = `orders/${domain}/${orderNumber}/attempt-`;
  }

  async read(): Promise<Attempts> {
    const names = await this.#names();
    const number = Math.max(...numbersIn(names));
    const left = [...names].filter((name) => name.startsWith(LEFT)).map((name) => name.slice(LEFT.length));
    return { latest: number > 1 ? await this.#read(number, names) : undefined, left: new Set(left) };
  }

  /**
   * Announces the next attempt and gives its number; `undefined` when all at that CA are spent.
   *
   * @param first the CA of the first attempt
   */
  async start(ca: string, first: string, at: Date): Promise<number | undefined> {
    const names = await this.#names();
    const numbers = numbersIn(names);
    const further = await Promise.all(numbers.map((number) => this.#read(number, names)));
    const isFirstSpent = first === ca && !names.has(NONE);
    const spent = further.filter((attempt) => (attempt.ca ?? first) === ca).length + (isFirstSpent ? 1 : 0);
    const next = Math.max(1, ...numbers) + 1;
    for (let number = next; number < next + MAX_ATTEMPTS - spent; number++) {
      const content = JSON.stringify({ at: at.toISOString(), by: randomUUID(), ca });
      if ((await this.#objects.create(this.#name(`${number}`), content)) === "created") return number;
    }
    return undefined;
  }

  async record(number: number, url: string, at: Date): Promise<void> {
    const content = JSON.stringify({ url, at: at.toISOString() });
    await this.#objects.create(this.#name(`${number}-order`), content);
  }

  /** For an attempt that left no ACME order. */
  async giveBack(number: number): Promise<void> {
    if (number === 1) {
      await this.#objects.create(this.#name(NONE), "{}");
      return;
    }
    const announced = await this.#objects.read(this.#name(`${number}`));
    // Of this generation, so that a repeated call spares what another delivery announced since.
    if (announced) await this.#objects.remove(this.#name(`${number}`), announced.generation);
  }

  /** Says that a CA is asked no more under this order number. */
  async leave(ca: string): Promise<void> {
    await this.#objects.create(this.#name(`${LEFT}${ca}`), "{}");
  }

  /** The ACME orders that were finalised after the journal's, in order. */
  async finalized(): Promise<readonly FinalizedAcmeOrder[]> {
    const names = await this.#names();
    const found: FinalizedAcmeOrder[] = [];
    while (names.has(finalizing(found.length + 2))) {
      const next = await this.#finalized(found.length + 2);
      if (!next) break;
      found.push(next);
    }
    return found;
  }

  /**
   * Announces the ACME order that is finalised after `before` others, all of them invalid.
   *
   * @returns the one that is: another delivery's, if that was faster
   */
  async finalize(acmeOrder: FinalizedAcmeOrder, before: number): Promise<FinalizedAcmeOrder | undefined> {
    const ordinal = before + 1;
    const content = JSON.stringify(acmeOrder);
    const outcome = await this.#objects.create(this.#name(finalizing(ordinal)), content);
    return outcome === "created" ? acmeOrder : this.#finalized(ordinal);
  }

  async #finalized(ordinal: number): Promise<FinalizedAcmeOrder | undefined> {
    const found = await this.#objects.read(this.#name(finalizing(ordinal)));
    return found && finalizedSchema.parse(JSON.parse(found.bytes.toString("utf8")));
  }

  async #read(number: number, names: ReadonlySet<string>): Promise<FurtherAttempt> {
    const [announced, made] = await Promise.all(
      [`${number}`, `${number}-order`].map(async (name) =>
        names.has(name) ? this.#objects.read(this.#name(name)) : undefined,
      ),
    );
    const start = announced && announcedSchema.parse(JSON.parse(announced.bytes.toString("utf8")));
    const acmeOrder = made && acmeOrderSchema.parse(JSON.parse(made.bytes.toString("utf8")));
    const since = acmeOrder?.at ?? start?.at ?? new Date(0).toISOString();
    return { number, ca: start?.ca, url: acmeOrder?.url, since };
  }

  /** What stands between the prefix and `.json`. */
  async #names(): Promise<ReadonlySet<string>> {
    const { objects } = await this.#objects.list({ prefix: this.#prefix, pageSize: PAGE_SIZE });
    return new Set(objects.map(({ name }) => name.slice(this.#prefix.length, -".json".length)));
  }

  #name(name: string): string {
    return `${this.#prefix}${name}.json`;
  }
}

const NONE = "1-none";
const LEFT = "left-";

function finalizing(ordinal: number): string {
  return `finalizing-${ordinal}`;
}

/** Of attempts beyond the first. */
function numbersIn(names: ReadonlySet<string>): readonly number[] {
  const numbers = [...names].map((name) => Number(/^(\d+)(?:-order)?$/.exec(name)?.[1] ?? 0));
  return [...new Set(numbers)].filter((number) => number > 1);
}
