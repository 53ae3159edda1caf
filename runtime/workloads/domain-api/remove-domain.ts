import type { RevocationReason } from "../../certificates/acme/certificate-authority.ts";
import { change } from "../../certificates/registry/change.ts";
import { startRemoval } from "../../certificates/registry/transitions.ts";
import { type DomainView, viewOf } from "../../certificates/registry/view.ts";
import { audit } from "./audit.ts";
import { resendRemovalIfStalled, sendToIssuer } from "./dispatch.ts";
import { owned } from "./owned-domain.ts";
import type { Ports, Scope } from "./ports.ts";

/**
 * Starts the removal of a domain; the issuer takes it from Fastly and then from the registry.
 * Repeating it is harmless, and sends the message again if it seems lost.
 *
 * @throws {ProblemError} 404
 */
export async function removeDomain(
  ports: Ports,
  scope: Scope,
  domain: string,
  revocation?: RevocationReason,
): Promise<DomainView> {
  const removal = await change(ports.registry, domain, (record) =>
    startRemoval(owned(scope, domain, record), ports.now(), revocation),
  );
  const record = owned(scope, domain, removal.kind === "overtaken" ? undefined : removal.record);
  const journal = await ports.registry.journal(domain, record.orderNumber);
  if (removal.kind === "changed") {
    await sendToIssuer(ports, scope, record, "remove");
    audit(scope, "domain.remove", record, revocation === undefined ? {} : { revocation });
  } else {
    await resendRemovalIfStalled(ports, scope, record);
  }
  return viewOf(record, journal);
}
