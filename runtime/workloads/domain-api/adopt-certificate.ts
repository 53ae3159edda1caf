import { change } from "../../certificates/registry/change.ts";
import type { JournalEntry } from "../../certificates/registry/lifecycle.ts";
import { adopt, register } from "../../certificates/registry/transitions.ts";
import { type DomainView, viewOf } from "../../certificates/registry/view.ts";
import { audit } from "./audit.ts";
import { requireOperator } from "./caller.ts";
import { sendToIssuer } from "./dispatch.ts";
import type { Ports, Scope } from "./ports.ts";
import { invalidField, ProblemError } from "./problem.ts";

export interface Adoption {
  /** Whose the domain is to be: the e-mail address of an account. */
  readonly customer: string;
  /** The backup that holds the certificate with its key. Without one, what the CDN serves already is taken as it is. */
  readonly version?: string | undefined;
  readonly serial: string;
  readonly issuer: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly certificateId?: string | undefined;
}

/**
 * Registers a domain with a certificate that an older platform left, so that no order is needed for it. Its order
 * begins where another's certificate has been backed up, or has been activated: the issuer goes on from there.
 *
 * @throws {ProblemError} 403 for a customer, 409 for a domain that is registered already
 */
export async function adoptCertificate(
  ports: Ports,
  scope: Scope,
  domain: string,
  { customer, version, ...facts }: Adoption,
): Promise<DomainView> {
  requireOperator(scope);
  const { registry, now } = ports;
  if (Date.parse(facts.notAfter) <= now().getTime()) {
    throw invalidField("notAfter", "must be in the future", facts.notAfter);
  }
  const adoption = await change(
    registry,
    domain,
    (record) => (record.customer === customer ? adopt(record, now()) : refuse(domain)),
    async () => register(domain, customer, await registry.firstOrderNumber(domain), now()),
  );
  if (adoption.kind === "overtaken") throw new ProblemError(409, "registered", adoption.reason);
  const { record } = adoption;
  const at = record.updatedAt;
  const { certificateId, ...certain } = facts;
  const detail = { ...certain, ...(certificateId !== undefined && { certificateId }) };
  const journal: readonly JournalEntry[] = [
    { phase: "registered", at, detail: {} },
    { phase: "validated", at, detail: { adopted: "true" } },
    version === undefined
      ? { phase: "issued", at, detail }
      : { phase: "backed-up", at, detail: { ...detail, version } },
    ...(version === undefined ? [{ phase: "active", at, detail: {} } as const] : []),
  ];
  for (const entry of journal) await registry.append(domain, record.orderNumber, entry);
  await sendToIssuer(ports, scope, record, "issue");
  audit(scope, "certificate.adopt", record);
  return viewOf(record, journal);
}

function refuse(domain: string): never {
  throw new ProblemError(409, "taken", `"${domain}" is registered by another customer.`);
}
