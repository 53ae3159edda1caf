import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { ObjectStore } from "../../service/object-store.ts";

/** Calls of newOrder for one order number, the journaled first one included. */
export const MAX_ATTEMPTS = 3;

const orderSchema = z.object({ url: z.url() });

/** Attempts beyond the first, which the journal itself shows. */
export interface FurtherAttempt {
  readonly number: number;
  /** Absent where the reply to newOrder was lost. */
  readonly url: string | undefined;
}

/**
 * Counts the calls of newOrder for an order number. The call is not idempotent: a lost reply leaves
 * a pending order at the CA, and a CA that lost an order, or did not confirm the domain, needs a new
 * one, so all are bounded.
 *
 * Attempts 2 and 3 are objects beside the order's journal and removed with it: `attempt-N.json`,
 * written before the call, and `attempt-N-order.json` with the URL that came back.
 */
export class OrderAttempts {
  readonly #objects: ObjectStore;
  readonly #prefix: string;

  constructor(objects: ObjectStore, domain: string, orderNumber: number) {
    this.#objects = objects;
    this.#prefix = `orders/${domain}/${orderNumber}/attempt-`;
  }

  async latest(): Promise<FurtherAttempt | undefined> {
    const { objects } = await this.#objects.list({ prefix: this.#prefix, pageSize: 2 * MAX_ATTEMPTS });
    const names = new Set(objects.map(({ name }) => name));
    for (let number = MAX_ATTEMPTS; number > 1; number--) {
      if (names.has(this.#orderName(number))) {
        const order = await this.#objects.read(this.#orderName(number));
        return { number, url: order && orderSchema.parse(JSON.parse(order.bytes.toString("utf8"))).url };
      }
      if (names.has(this.#name(number))) return { number, url: undefined };
    }
    return undefined;
  }

  /** Announces the next attempt and gives its number; `undefined` when all are spent. */
  async start(): Promise<number | undefined> {
    const after = (await this.latest())?.number ?? 1;
    for (let number = after + 1; number <= MAX_ATTEMPTS; number++) {
      const content = JSON.stringify({ at: new Date().toISOString(), by: randomUUID() });
      if ((await this.#objects.create(this.#name(number), content)) === "created") return number;
    }
    return undefined;
  }

  async record(number: number, url: string): Promise<void> {
    await this.#objects.create(this.#orderName(number), JSON.stringify({ url }));
  }

  #name(number: number): string {
    return `${this.#prefix}${number}.json`;
  }

  #orderName(number: number): string {
    return `${this.#prefix}${number}-order.json`;
  }
}
