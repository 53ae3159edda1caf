import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { ObjectStore } from "../../google/object-store.ts";

/** ACME orders that may exist for one order number. */
export const MAX_ATTEMPTS = 3;

const acmeOrderSchema = z.object({ url: z.url() });

/** Attempts beyond the first, which the journal itself shows. */
export interface FurtherAttempt {
  readonly number: number;
  /** Absent where the reply to newOrder was lost. */
  readonly url: string | undefined;
}

/**
 * Counts the calls of newOrder for an order number that may have left an ACME order at the CA. The
 * call is not idempotent: a lost reply leaves a pending ACME order behind, and a CA that lost one, or
 * did not confirm the domain, needs a new one, so all are bounded.
 *
 * Attempts beyond the first are objects beside the order's journal and removed with it:
 * `attempt-N.json`, written before the call, and `attempt-N-order.json` with the URL that came back.
 * Giving an attempt back removes the former; `attempt-1-none.json` gives back the first, which is an
 * entry of the journal and stays.
 */
export class AcmeOrderAttempts {
  readonly #objects: ObjectStore;
  readonly #prefix: string;

  constructor(objects: ObjectStore, domain: string, orderNumber: number) {
    this.#objects = objects;
    this.#prefix = `orders/${domain}/${orderNumber}/attempt-`;
  }

  async latest(): Promise<FurtherAttempt | undefined> {
    const names = await this.#names();
    const number = this.#latestIn(names);
    if (number === undefined) return undefined;
    const acmeOrder = names.has(this.#orderName(number))
      ? await this.#objects.read(this.#orderName(number))
      : undefined;
    return {
      number,
      url: acmeOrder && acmeOrderSchema.parse(JSON.parse(acmeOrder.bytes.toString("utf8"))).url,
    };
  }

  /** Announces the next attempt and gives its number; `undefined` when all are spent. */
  async start(): Promise<number | undefined> {
    const names = await this.#names();
    const after = this.#latestIn(names) ?? 1;
    const last = names.has(this.#noneName) ? MAX_ATTEMPTS + 1 : MAX_ATTEMPTS;
    for (let number = after + 1; number <= last; number++) {
      const content = JSON.stringify({ at: new Date().toISOString(), by: randomUUID() });
      if ((await this.#objects.create(this.#name(number), content)) === "created") return number;
    }
    return undefined;
  }

  async record(number: number, url: string): Promise<void> {
    await this.#objects.create(this.#orderName(number), JSON.stringify({ url }));
  }

  /** For an attempt that left no ACME order. */
  async giveBack(number: number): Promise<void> {
    if (number === 1) {
      await this.#objects.create(this.#noneName, "{}");
      return;
    }
    const announced = await this.#objects.read(this.#name(number));
    // Of this generation, so that a repeated call spares what another delivery announced since.
    if (announced) await this.#objects.remove(this.#name(number), announced.generation);
  }

  /** The number of the latest attempt beyond the first. */
  #latestIn(names: ReadonlySet<string>): number | undefined {
    for (let number = MAX_ATTEMPTS + 1; number > 1; number--) {
      if (names.has(this.#orderName(number)) || names.has(this.#name(number))) return number;
    }
    return undefined;
  }

  async #names(): Promise<ReadonlySet<string>> {
    const { objects } = await this.#objects.list({ prefix: this.#prefix, pageSize: 2 * MAX_ATTEMPTS + 1 });
    return new Set(objects.map(({ name }) => name));
  }

  get #noneName(): string {
    return `${this.#prefix}1-none.json`;
  }

  #name(number: number): string {
    return `${this.#prefix}${number}.json`;
  }

  #orderName(number: number): string {
    return `${this.#prefix}${number}-order.json`;
  }
}
