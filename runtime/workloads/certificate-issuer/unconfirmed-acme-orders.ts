import * as z from "zod";
import type { AcmeProblem } from "../../certificates/acme/acme-problem.ts";
import type { ObjectStore } from "../../google/object-store.ts";
import { OrderFailed, sentenceOf } from "./verdict.ts";

/** Between the two ACME orders of an order number: time for an edge or a name server to come round, short for who waits. */
const PAUSE_MS = 5_000;
/** Failed validations that the CA allows a name at once, and until it allows one more. */
const FAILURES_ALLOWED = 5;
const REFILL_MS = 720_000;
const FAILURES_A_NUMBER = 2;
/** Earlier order numbers looked at: those of an hour, unless our own check refused some in between. */
const NUMBERS_BACK = 5;

const unconfirmedSchema = z.object({ orderUrl: z.url(), at: z.iso.datetime() });

/**
 * Which ACME orders of a domain ended because the CA did not confirm it, though our own check, moments
 * before, found that the domain leads to us. A hiccup deserves another ACME order, one an order number:
 * the CA limits failed validations.
 *
 * `unconfirmed.json` beside the order's journal, removed with it, names the first of the order number.
 *
 * @see https://letsencrypt.org/docs/rate-limits/#authorization-failures-per-identifier-per-account
 */
export class UnconfirmedAcmeOrders {
  readonly #objects: ObjectStore;
  readonly #domain: string;
  readonly #orderNumber: number;

  constructor(objects: ObjectStore, domain: string, orderNumber: number) {
    this.#objects = objects;
    this.#domain = domain;
    this.#orderNumber = orderNumber;
  }

  /**
   * Notes an ACME order, any number of times as once.
   *
   * @returns milliseconds, from 0, after which another may be made
   * @throws {OrderFailed} this is the second already
   */
  async pauseAfter(orderUrl: string, problem: AcmeProblem, now: Date): Promise<number> {
    const content = JSON.stringify({ orderUrl, at: now.toISOString() });
    if ((await this.#objects.create(this.#name(this.#orderNumber), content)) === "created") return PAUSE_MS;
    const first = await this.#first(this.#orderNumber);
    if (first?.orderUrl !== orderUrl) {
      const retryAt = await this.#nextNumberAt(now);
      throw new OrderFailed(sentenceOf(problem, this.#domain), {
        cause: problem,
        ...(retryAt && { retryAt }),
      });
    }
    // Clocks of two machines differ a little.
    return Math.min(Math.max(Date.parse(first.at) + PAUSE_MS - now.getTime(), 0), PAUSE_MS);
  }

  /** From when the CA allows all failures of another order number; `undefined` where it does already. */
  async #nextNumberAt(now: Date): Promise<Date | undefined> {
    const numbers = Array.from({ length: NUMBERS_BACK + 1 }, (_, back) => this.#orderNumber - back);
    const found = await Promise.all(
      numbers.filter((number) => number > 0).map((number) => this.#first(number)),
    );
    const times = found.flatMap((first) => (first ? [Date.parse(first.at)] : [])).sort((a, b) => a - b);
    let allowed = FAILURES_ALLOWED;
    let last = 0;
    const refill = (at: number) => {
      allowed = Math.min(FAILURES_ALLOWED, allowed + Math.max(0, at - last) / REFILL_MS);
      last = at;
    };
    for (const at of times) {
      refill(at);
      allowed -= FAILURES_A_NUMBER;
    }
    refill(now.getTime());
    const missing = FAILURES_A_NUMBER - allowed;
    return missing > 0 ? new Date(now.getTime() + Math.ceil(missing * REFILL_MS)) : undefined;
  }

  async #first(orderNumber: number) {
    const found = await this.#objects.read(this.#name(orderNumber));
    return found && unconfirmedSchema.parse(JSON.parse(found.bytes.toString("utf8")));
  }

  #name(orderNumber: number): string {
    return `orders/${this.#domain}/${orderNumber}/unconfirmed.json`;
  }
}
