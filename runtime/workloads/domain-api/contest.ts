import { eventOf } from "../../certificates/events/domain-events.ts";
import { proofText } from "../../certificates/ownership/ownership.ts";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import { type Transition, takeOver, takeOverProven } from "../../certificates/registry/transitions.ts";
import type { Ports, Scope } from "./ports.ts";
import { ProblemError } from "./problem.ts";

/**
 * What becomes of a name that the caller would have, and another has: who shows that it is his gets it
 * from one who does not. Where nobody has to show anything, only a name that failed and never passed
 * validation is free.
 *
 * @throws {ProblemError} 409 that tells nothing of the other but that there is one, or 503 where DNS servers fail
 */
export async function contest(ports: Ports, scope: Scope, record: DomainRecord): Promise<Transition> {
  const { registry, ownership, now } = ports;
  const { domain, customer: holder } = record;
  const rival = scope.caller.email;
  const proof = await ownership.proof(domain, rival);
  if (!proof) {
    const transition = takeOver(record, rival, now());
    if (transition.kind === "changed" && !(await registry.wasValidated(domain))) return transition;
    throw new ProblemError(409, "taken", `"${domain}" is registered by another customer.`);
  }

  const sight = await ownership.look(domain, [rival, holder]);
  if (sight.kind === "trouble") {
    const detail = `Whose "${domain}" is cannot be told: the DNS servers of ${proof.name} failed (${sight.what}).`;
    throw new ProblemError(503, "dns-trouble", detail, { headers: { "retry-after": "5" } });
  }
  if (!sight.proven.has(rival)) {
    const detail =
      `"${domain}" is registered, and nothing in the DNS shows that it is yours: ` +
      `add the record ${proofText(proof)}, then register it again.`;
    throw new ProblemError(409, "unproven", detail);
  }
  if (sight.proven.has(holder)) {
    const detail =
      `"${domain}" is registered by another customer, whose record is at ${proof.name} beside yours: ` +
      "remove it, then register the name again.";
    throw new ProblemError(409, "taken", detail);
  }
  return takeOverProven(record, rival, now());
}

/** Before the change, so that none happens unheard; where another rival is first, it is one all the same. */
export async function tellTakeOver(
  { alerts, events, ownership, now }: Ports,
  before: DomainRecord,
  record: DomainRecord,
): Promise<void> {
  const { domain, customer } = record;
  if (before.customer === customer) return;
  await events.publish(eventOf(record, now(), { type: "takenover" }));
  if (ownership.method === "none") return;
  const what = `Its customer does not show any more that ${domain} is his, and it has gone to one who does.`;
  await alerts.raise(domain, "taken-over", what);
}
