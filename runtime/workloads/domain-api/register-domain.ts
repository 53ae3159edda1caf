import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import type { FoundRecord } from "../../certificates/registry/registry.ts";
import { stateOf } from "../../certificates/registry/state.ts";
import { type DomainView, viewOf } from "../../certificates/registry/view.ts";
import { type AuditDetail, audit } from "./audit.ts";
import { mayActFor } from "./caller.ts";
import { resendIfStalled, sendToValidation } from "./dispatch.ts";
import type { Ports, Scope } from "./ports.ts";
import { ProblemError } from "./problem.ts";

/** Each round loses to a writer who got further, so more than a few means trouble elsewhere. */
const MAX_ROUNDS = 5;

/**
 * Registers a domain for the caller, or returns it as it is: any number of calls make one
 * registration. A failed domain gets a new order, for customers not before its `retryAt`. One that
 * failed and never passed validation is anybody's: it is no claim to a name that its customer has
 * no hold of.
 *
 * The record is written before the message is sent; after a crash in between, a later call sends it.
 */
export async function registerDomain(ports: Ports, scope: Scope, domain: string): Promise<DomainView> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const found = await ports.registry.find(domain);
    const view =
      found === undefined
        ? await createOrder(ports, scope, domain)
        : await continueOrder(ports, scope, found);
    if (view !== undefined) return view;
  }
  throw new ProblemError(503, "contended", `"${domain}" is being changed by others; try again.`, {
    headers: { "retry-after": "1" },
  });
}

/** @returns `undefined` if another caller was first. */
async function createOrder(ports: Ports, scope: Scope, domain: string): Promise<DomainView | undefined> {
  const record = newRecord(ports, scope, domain, await ports.registry.firstOrderNumber(domain));
  if ((await ports.registry.create(record)) === "exists") return undefined;
  return startOrder(ports, scope, record, "domain.register");
}

function newRecord(ports: Ports, scope: Scope, domain: string, orderNumber: number): DomainRecord {
  const at = ports.now().toISOString();
  return {
    domain,
    customer: scope.caller.email,
    lifecycle: "registered",
    orderNumber,
    registeredAt: at,
    updatedAt: at,
  };
}

/** @returns `undefined` if the record changed meanwhile. */
async function continueOrder(
  ports: Ports,
  scope: Scope,
  found: FoundRecord,
): Promise<DomainView | undefined> {
  const { record, generation } = found;
  if (!mayActFor(scope.caller, record.customer)) return takeOver(ports, scope, found);
  const journal = await ports.registry.journal(record.domain, record.orderNumber);
  const state = stateOf(record, journal);
  if (state === "removing") {
    throw new ProblemError(
      409,
      "removing",
      `"${record.domain}" is being removed; register it when it is gone.`,
      {
        headers: { "retry-after": "5" },
      },
    );
  }
  if (state === "failed" && !mustWait(ports, scope, record)) {
    const { reason: _reason, retryAt: _retryAt, ...kept } = record;
    const next: DomainRecord = {
      ...kept,
      lifecycle: "registered",
      orderNumber: record.orderNumber + 1,
      updatedAt: ports.now().toISOString(),
    };
    if ((await ports.registry.update(next, generation)) === "changed") return undefined;
    return startOrder(ports, scope, next, "domain.retry");
  }
  if (state !== "failed" && state !== "active") await resendIfStalled(ports, scope, record, journal);
  return viewOf(record, journal);
}

/** @returns `undefined` if the record changed meanwhile. */
async function takeOver(
  ports: Ports,
  scope: Scope,
  { record, generation }: FoundRecord,
): Promise<DomainView | undefined> {
  const { domain, lifecycle, notAfter } = record;
  if (lifecycle !== "failed" || notAfter !== undefined || (await ports.registry.wasValidated(domain))) {
    throw new ProblemError(409, "taken", `"${domain}" is registered by another customer.`);
  }
  const next = newRecord(ports, scope, domain, record.orderNumber + 1);
  if ((await ports.registry.update(next, generation)) === "changed") return undefined;
  return startOrder(ports, scope, next, "domain.take-over", { previousCustomer: record.customer });
}

/** An operator is trusted to know why sooner is of use. */
function mustWait(ports: Ports, scope: Scope, { retryAt }: DomainRecord): boolean {
  return !scope.caller.isOperator && retryAt !== undefined && Date.parse(retryAt) > ports.now().getTime();
}

async function startOrder(
  ports: Ports,
  scope: Scope,
  record: DomainRecord,
  action: string,
  detail: AuditDetail = {},
): Promise<DomainView> {
  const entry = { phase: "registered", at: record.updatedAt, detail: {} } as const;
  await ports.registry.append(record.domain, record.orderNumber, entry);
  await sendToValidation(ports, scope, record);
  audit(scope, action, record, detail);
  return viewOf(record, [entry]);
}
