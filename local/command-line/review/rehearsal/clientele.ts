import type { Errands } from "./errands.ts";
import { rest } from "./tallies.ts";

/** Fastly takes 1,000 writes an hour, here too: nine for a name that comes and goes, five for an arrival or a renewal. */
const MOST_NAMES = 40;
const MOST_ARRIVALS = 40;
const MOST_RENEWALS_EACH = 15;
const CUSTOMERS = 3;
/** Between two names of a customer, and two renewals of a domain: so they last for a minute. */
const PAUSE_MS = 1_500;
/** Of arrivals, as soon as anything changes: more than the issuer keeps up with, so that messages wait. */
const AT_ONCE = 20;
const ARRIVAL_PAUSE_MS = 500;

/**
 * Who has messages under way from before the update until after it: customers whose names come and go, others who
 * arrive during the update whether the platform keeps up or not, and an operator who renews and checks.
 */
export class Clientele {
  readonly #errands: Errands;
  readonly #served: readonly string[];
  readonly #over = new AbortController();
  readonly #underWay: Promise<unknown>[] = [];
  #names = 0;
  #hasRushed = false;

  constructor(errands: Errands, served: readonly string[]) {
    this.#errands = errands;
    this.#served = served;
    for (let customer = 1; customer <= CUSTOMERS; customer += 1) this.#underWay.push(this.#comeAndGo());
  }

  /** From now on. */
  renew(): void {
    this.#underWay.push(...this.#served.map((domain) => this.#renewAgainAndAgain(domain)));
  }

  /** Many arrive, once. */
  rush(): void {
    if (this.#hasRushed) return;
    this.#hasRushed = true;
    this.#underWay.push(this.#arrive());
  }

  /** Nobody begins anything from now on. @returns once all that was begun has come to its end */
  async end(): Promise<void> {
    this.#over.abort();
    // Arrivals add their errands while they come.
    for (const each of this.#underWay) await each;
  }

  async #comeAndGo(): Promise<void> {
    while (this.#names < MOST_NAMES && !this.#over.signal.aborted) {
      this.#names += 1;
      const domain = `name-${this.#names}.example.test`;
      if (await this.#errands.register(domain)) {
        await this.#errands.verify(domain);
        await this.#errands.remove(domain);
      }
      await rest(PAUSE_MS, this.#over.signal);
    }
  }

  async #arrive(): Promise<void> {
    for (let count = 1; count <= MOST_ARRIVALS && !this.#over.signal.aborted; count += 1) {
      this.#underWay.push(this.#errands.register(`arrival-${count}.example.test`));
      if (count >= AT_ONCE) await rest(ARRIVAL_PAUSE_MS, this.#over.signal);
    }
  }

  async #renewAgainAndAgain(domain: string): Promise<void> {
    for (let count = 1; count <= MOST_RENEWALS_EACH && !this.#over.signal.aborted; count += 1) {
      await this.#errands.renew(domain);
      await this.#errands.check(domain).catch(() => undefined);
      await rest(PAUSE_MS, this.#over.signal);
    }
  }
}
