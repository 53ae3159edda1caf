import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import { certificateOf, type JournaledCertificate, stateOf } from "../../certificates/registry/state.ts";
import { type DomainView, viewOf } from "../../certificates/registry/view.ts";
import { audit } from "./audit.ts";
import { sendToIssuer } from "./dispatch.ts";
import { findOwned } from "./owned-domain.ts";
import type { Ports, Scope } from "./ports.ts";
import { ProblemError } from "./problem.ts";

/** Orders looked back through: a domain's last good one is rarely far behind its last. */
const MAX_ORDERS_BACK = 10;

export interface OwnedCertificate extends JournaledCertificate {
  readonly domain: string;
  readonly orderNumber: number;
}

/** The newest certificate that was issued to the domain. @throws {ProblemError} 404 */
export async function showCertificate(ports: Ports, scope: Scope, domain: string): Promise<OwnedCertificate> {
  const record = await findOwned(ports, scope, domain);
  return newestCertificate(ports, record);
}

/**
 * Asks the issuer to activate the newest backup at Fastly again.
 *
 * @throws {ProblemError} 404 without a certificate, 409 for a domain that is being removed or
 *   whose order is about to activate a newer one.
 */
export async function restoreCertificate(ports: Ports, scope: Scope, domain: string): Promise<DomainView> {
  const record = await findOwned(ports, scope, domain);
  const journal = await ports.registry.journal(record.domain, record.orderNumber);
  const state = stateOf(record, journal);
  if (state !== "active" && state !== "failed") {
    throw new ProblemError(
      409,
      "in-progress",
      `"${domain}" is ${state}; restore it when it is active or failed.`,
    );
  }
  await newestCertificate(ports, record);
  await sendToIssuer(ports, scope, record, "restore");
  audit(scope, "certificate.restore", record);
  return viewOf(record, journal);
}

async function newestCertificate(ports: Ports, record: DomainRecord): Promise<OwnedCertificate> {
  const { domain, orderNumber } = record;
  for (let number = orderNumber; number > Math.max(0, orderNumber - MAX_ORDERS_BACK); number--) {
    const certificate = certificateOf(await ports.registry.journal(domain, number));
    if (certificate !== undefined) return { domain, orderNumber: number, ...certificate };
  }
  throw new ProblemError(404, "no-certificate", `"${domain}" has no certificate yet.`);
}
