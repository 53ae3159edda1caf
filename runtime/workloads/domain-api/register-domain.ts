import { change } from "../../certificates/registry/change.ts";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import { stateOf } from "../../certificates/registry/state.ts";
import { register, retry, type Transition } from "../../certificates/registry/transitions.ts";
import { type DomainView, viewOf } from "../../certificates/registry/view.ts";
import { audit } from "./audit.ts";
import { mayActFor } from "./caller.ts";
import { contest, tellTakeOver } from "./contest.ts";
import { resendIfStalled, sendToValidation } from "./dispatch.ts";
import type { Ports, Scope } from "./ports.ts";
import { ProblemError } from "./problem.ts";
import { RegistrationCharge } from "./registration-charge.ts";

/**
 * Registers a domain for the caller, or returns it as it is: any number of calls make one
 * registration. A failed domain gets a new order, for customers not before its `retryAt`. Whoever shows
 * that a name is his gets it from a customer who does not: a registration alone is no claim to it.
 *
 * The record is written before the message is sent; after a crash in between, a later call sends it.
 *
 * @throws {ProblemError} 409 for another customer's domain, or one that is being removed; 429 over the
 *   customer's share
 */
export async function registerDomain(ports: Ports, scope: Scope, domain: string): Promise<DomainView> {
  const { registry } = ports;
  const charge = new RegistrationCharge(ports, scope);
  const registration = await charge.during(() =>
    change(
      registry,
      domain,
      async (record) => {
        const transition = await registerAgain(ports, scope, record);
        if (transition.kind === "changed") {
          await charge.pay(transition.record);
          await tellTakeOver(ports, record, transition.record);
        }
        return transition;
      },
      async () => {
        const record = await registerAnew(ports, domain, scope.caller.email);
        await charge.pay(record);
        return record;
      },
    ),
  );
  if (registration.kind === "changed") {
    const { before, record } = registration;
    return startOrder(ports, scope, record, before);
  }
  if (registration.kind === "overtaken") {
    throw new ProblemError(409, "removing", `"${domain}" is being removed; register it when it is gone.`, {
      headers: { "retry-after": "5" },
    });
  }
  const { record } = registration;
  const journal = await registry.journal(domain, record.orderNumber);
  const state = stateOf(record, journal);
  if (state !== "failed" && state !== "active") await resendIfStalled(ports, scope, record, journal);
  return viewOf(record, journal);
}

/** Backups of a registration of the same customer's, which was removed, are his again. */
async function registerAnew(
  { registry, now }: Ports,
  domain: string,
  customer: string,
): Promise<DomainRecord> {
  const before = await registry.tombstone(domain);
  const orderNumber = (before?.lastOrderNumber ?? 0) + 1;
  const first = before?.customer === customer ? (before.firstOrderNumber ?? 1) : orderNumber;
  return register(domain, customer, orderNumber, now(), first);
}

async function registerAgain(ports: Ports, scope: Scope, record: DomainRecord): Promise<Transition> {
  const { registry, now } = ports;
  const { domain, customer, lifecycle, orderNumber } = record;
  if (!mayActFor(scope.caller, customer)) return contest(ports, scope, record);
  if (lifecycle !== "failed") return retry(record, [], now());
  if (mustWait(ports, scope, record)) return { kind: "unchanged" };
  return retry(record, await registry.journal(domain, orderNumber), now());
}

/** An operator is trusted to know why sooner is of use. */
function mustWait(ports: Ports, scope: Scope, { retryAt }: DomainRecord): boolean {
  return !scope.caller.isOperator && retryAt !== undefined && Date.parse(retryAt) > ports.now().getTime();
}

async function startOrder(
  ports: Ports,
  scope: Scope,
  record: DomainRecord,
  before: DomainRecord | undefined,
): Promise<DomainView> {
  const entry = { phase: "registered", at: record.updatedAt, detail: {} } as const;
  await ports.registry.append(record.domain, record.orderNumber, entry);
  await sendToValidation(ports, scope, record);
  if (!before) audit(scope, "domain.register", record);
  else if (before.customer === record.customer) audit(scope, "domain.retry", record);
  else audit(scope, "domain.take-over", record, { previousCustomer: before.customer });
  return viewOf(record, [entry]);
}
