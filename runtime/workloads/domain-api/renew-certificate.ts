import type { RevocationReason } from "../../certificates/acme/certificate-authority.ts";
import { change } from "../../certificates/registry/change.ts";
import { renew } from "../../certificates/registry/transitions.ts";
import { type DomainView, viewOf } from "../../certificates/registry/view.ts";
import { audit } from "./audit.ts";
import { requireOperator } from "./caller.ts";
import { sendToIssuer } from "./dispatch.ts";
import { owned } from "./owned-domain.ts";
import type { Ports, Scope } from "./ports.ts";
import { ProblemError } from "./problem.ts";

/**
 * Starts the renewal of a served domain's certificate before its time. The key is a new one, as in every
 * order; the old certificate serves until the edge shows the new one, and is revoked then if that is asked for.
 * Repeating it while the renewal is under way starts no other.
 *
 * @throws {ProblemError} 403 for a customer, 404, 409 for a domain that is not served
 */
export async function renewCertificate(
  ports: Ports,
  scope: Scope,
  domain: string,
  revocation: RevocationReason | undefined,
): Promise<DomainView> {
  requireOperator(scope);
  const { registry, now } = ports;
  const renewal = await change(registry, domain, (record) =>
    renew(owned(scope, domain, record), now(), revocation),
  );
  if (renewal.kind === "overtaken") {
    if (!(await registry.find(domain))) owned(scope, domain, undefined);
    throw new ProblemError(409, "not-served", `${renewal.reason} Only an active domain can be renewed.`);
  }
  const { record } = renewal;
  if (renewal.kind === "changed" && renewal.before?.orderNumber !== record.orderNumber) {
    const entry = { phase: "registered", at: record.updatedAt, detail: {} } as const;
    await registry.append(domain, record.orderNumber, entry);
    await sendToIssuer(ports, scope, record, "issue");
  }
  if (renewal.kind === "changed") {
    audit(scope, "certificate.renew", record, revocation === undefined ? {} : { revocation });
  }
  return viewOf(record, await registry.journal(domain, record.orderNumber));
}
