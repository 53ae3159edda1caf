import type { FoundRecord } from "../../certificates/registry/registry.ts";
import { mayActFor } from "./caller.ts";
import type { Ports, Scope } from "./ports.ts";
import { ProblemError } from "./problem.ts";

/** The record, if the caller may know of it: another customer's is as absent as none. @throws {ProblemError} 404 */
export async function findOwned(ports: Ports, scope: Scope, domain: string): Promise<FoundRecord> {
  const found = await ports.registry.find(domain);
  if (found === undefined || !mayActFor(scope.caller, found.record.customer)) {
    throw new ProblemError(404, "not-found", `"${domain}" is not registered.`);
  }
  return found;
}
