import type { Change } from "../../certificates/registry/change.ts";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import type { Ports, Scope } from "./ports.ts";
import { ProblemError } from "./problem.ts";

/** One request's charge to its customer's share of registrations: paid when an order is about to start. */
export class RegistrationCharge {
  readonly #ports: Pick<Ports, "budgets" | "now">;
  readonly #scope: Scope;
  #isPaid = false;

  constructor(ports: Pick<Ports, "budgets" | "now">, scope: Scope) {
    this.#ports = ports;
    this.#scope = scope;
  }

  /** Gives back what was paid, if no order was started. */
  async during(work: () => Promise<Change>): Promise<Change> {
    let isStarted = false;
    try {
      const change = await work();
      isStarted = change.kind === "changed";
      return change;
    } finally {
      if (this.#isPaid && !isStarted) this.#ports.budgets.giveBackRegistration(this.#scope.caller.email);
    }
  }

  /**
   * Once, however often the record changes meanwhile. What an operator does for a customer is nobody's share.
   *
   * @throws {ProblemError} 429
   */
  async pay({ customer }: DomainRecord): Promise<void> {
    const { email } = this.#scope.caller;
    if (this.#isPaid || customer !== email) return;
    const grant = await this.#ports.budgets.takeRegistration(email);
    if (grant.kind === "wait") {
      const seconds = Math.max(1, Math.ceil((grant.until.getTime() - this.#ports.now().getTime()) / 1_000));
      const detail = `Your share of registrations is spent; try again from ${grant.until.toISOString()} on.`;
      throw new ProblemError(429, "over-share", detail, { headers: { "retry-after": String(seconds) } });
    }
    this.#isPaid = true;
  }
}
