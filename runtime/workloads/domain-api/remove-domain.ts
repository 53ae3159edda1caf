import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import { type DomainView, viewOf } from "../../certificates/registry/view.ts";
import { audit } from "./audit.ts";
import { resendRemovalIfStalled, sendToIssuer } from "./dispatch.ts";
import { findOwned } from "./owned-domain.ts";
import type { Ports, Scope } from "./ports.ts";
import { ProblemError } from "./problem.ts";

const MAX_ROUNDS = 5;

/**
 * Starts the removal of a domain; the issuer takes it from Fastly and then from the registry.
 * Repeating it is harmless, and sends the message again if it seems lost.
 */
export async function removeDomain(ports: Ports, scope: Scope, domain: string): Promise<DomainView> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { record, generation } = await findOwned(ports, scope, domain);
    const journal = await ports.registry.journal(record.domain, record.orderNumber);
    if (record.lifecycle === "removing") {
      await resendRemovalIfStalled(ports, scope, record);
      return viewOf(record, journal);
    }
    const next: DomainRecord = { ...record, lifecycle: "removing", updatedAt: ports.now().toISOString() };
    if ((await ports.registry.update(next, generation)) === "changed") continue;
    await sendToIssuer(ports, scope, next, "remove");
    audit(scope, "domain.remove", next);
    return viewOf(next, journal);
  }
  throw new ProblemError(503, "contended", `"${domain}" is being changed by others; try again.`, {
    headers: { "retry-after": "1" },
  });
}
