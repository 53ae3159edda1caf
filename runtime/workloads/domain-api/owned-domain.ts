import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import { type DomainView, viewOf } from "../../certificates/registry/view.ts";
import { mayActFor, seesAll } from "./caller.ts";
import type { Ports, Scope } from "./ports.ts";
import { ProblemError } from "./problem.ts";

/** @throws {ProblemError} 404 */
export async function showDomain(ports: Ports, scope: Scope, domain: string): Promise<DomainView> {
  const record = await findOwned(ports, scope, domain);
  return viewOf(record, await ports.registry.journal(record.domain, record.orderNumber));
}

/** The record, if the caller may know of it. @throws {ProblemError} 404 */
export async function findOwned(ports: Ports, scope: Scope, domain: string): Promise<DomainRecord> {
  return owned(scope, domain, (await ports.registry.find(domain))?.record);
}

/** Another customer's is as absent as none. @throws {ProblemError} 404 */
export function owned(scope: Scope, domain: string, record: DomainRecord | undefined): DomainRecord {
  if (record && (seesAll(scope.caller) || mayActFor(scope.caller, record.customer))) return record;
  throw new ProblemError(404, "not-found", `"${domain}" is not registered.`);
}
