import { randomUUID } from "node:crypto";
import type { Finding } from "../../certificates/registry/findings.ts";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import { certificateOf, type JournaledCertificate, stateOf } from "../../certificates/registry/state.ts";
import { type DomainView, viewOf } from "../../certificates/registry/view.ts";
import { audit } from "./audit.ts";
import { requireOperator } from "./caller.ts";
import { sendToChecker, sendToIssuer } from "./dispatch.ts";
import { findOwned } from "./owned-domain.ts";
import type { Ports, Scope } from "./ports.ts";
import { ProblemError } from "./problem.ts";

/** Orders looked back through: a domain's last good one is rarely far behind its last. */
const MAX_ORDERS_BACK = 10;

export interface OwnedCertificate extends JournaledCertificate {
  readonly domain: string;
  readonly orderNumber: number;
}

/** A domain, and the request that the issuer's finding will name. */
export interface Asked {
  readonly view: DomainView;
  readonly request: string;
}

/** The newest certificate that was issued to the domain. @throws {ProblemError} 404 */
export async function showCertificate(
  ports: Ports,
  scope: Scope,
  domain: string,
): Promise<OwnedCertificate & { readonly finding: Finding | undefined }> {
  const record = await findOwned(ports, scope, domain);
  const [certificate, finding] = await Promise.all([
    newestCertificate(ports, record),
    // What it says of backups and the CDN is of use to those alone who mend them.
    scope.caller.isOperator ? ports.findings.read(record.domain) : undefined,
  ]);
  return { ...certificate, finding };
}

/**
 * Asks the issuer to activate the newest backup at Fastly again.
 *
 * @throws {ProblemError} 404 without a certificate, 409 for a domain that is being removed or
 *   whose order is about to activate a newer one.
 */
export async function restoreCertificate(ports: Ports, scope: Scope, domain: string): Promise<Asked> {
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
  const request = randomUUID();
  await sendToIssuer(ports, scope, record, "restore", request);
  audit(scope, "certificate.restore", record);
  return { view: viewOf(record, journal), request };
}

/**
 * Asks the issuer to look whether backup and CDN agree. It changes nothing, and costs a call of KMS.
 *
 * @throws {ProblemError} 403 for a customer, 404 without a certificate
 */
export async function verifyCertificate(ports: Ports, scope: Scope, domain: string): Promise<Asked> {
  requireOperator(scope);
  const record = await findOwned(ports, scope, domain);
  const journal = await ports.registry.journal(record.domain, record.orderNumber);
  await newestCertificate(ports, record);
  const request = randomUUID();
  await sendToIssuer(ports, scope, record, "verify", request);
  return { view: viewOf(record, journal), request };
}

/**
 * Has the domain checked now rather than at its next turn.
 *
 * @throws {ProblemError} 403 for a customer, whose every registration is checked by itself
 */
export async function checkCertificate(ports: Ports, scope: Scope, domain: string): Promise<DomainView> {
  requireOperator(scope);
  const record = await findOwned(ports, scope, domain);
  await sendToChecker(ports, scope, record);
  return viewOf(record, await ports.registry.journal(record.domain, record.orderNumber));
}

async function newestCertificate(ports: Ports, record: DomainRecord): Promise<OwnedCertificate> {
  const { domain, orderNumber, firstOrderNumber = 1 } = record;
  const oldest = Math.max(firstOrderNumber, orderNumber - MAX_ORDERS_BACK + 1);
  for (let number = orderNumber; number >= oldest; number--) {
    const certificate = certificateOf(await ports.registry.journal(domain, number));
    if (certificate !== undefined) return { domain, orderNumber: number, ...certificate };
  }
  throw new ProblemError(404, "no-certificate", `"${domain}" has no certificate yet.`);
}
