import { createPrivateKey, X509Certificate } from "node:crypto";
import { newEcdsaKey } from "../../certificates/acme/account-key.ts";
import { AcmeProblem } from "../../certificates/acme/acme-problem.ts";
import { type AcmeOrder, CaStillWorking } from "../../certificates/acme/certificate-authority.ts";
import { certificateRequest } from "../../certificates/acme/certificate-request.ts";
import type { BackupDescription, CertificateWithKey } from "../../certificates/backup/certificate-backups.ts";
import { certificateFacts } from "../../certificates/certificate-facts.ts";
import type { Secret } from "../../workload/secret.ts";
import { authorizedAcmeOrder } from "./authorized-acme-order.ts";
import { type OrderWork, OvertakenByAnother } from "./order-journal.ts";
import type { IssuerPorts } from "./ports.ts";
import { OrderFailed } from "./verdict.ts";

/** Sorts by age: order numbers of a domain only ever grow. */
export function versionOf(orderNumber: number): string {
  return String(orderNumber).padStart(8, "0");
}

/** The number of the order that a backup's version is of; `undefined` for what was brought in from elsewhere. */
export function authorOf(version: string): number | undefined {
  const number = Number(version);
  return Number.isInteger(number) && version === versionOf(number) ? number : undefined;
}

/**
 * Takes an order from wherever it is to a certificate that is backed up.
 *
 * What was done is asked of the CA, by the ACME order's URL; the journal says what was about to be
 * done. The private key is stored before the ACME order is finalised, so whoever finds a finalised one
 * can fetch its certificate and use it.
 */
export async function obtainCertificate(ports: IssuerPorts, work: OrderWork): Promise<CertificateWithKey> {
  const { backups, ca, now } = ports;
  const { journal, signal } = work;
  const { domain } = journal;
  const version = versionOf(journal.orderNumber);

  const [key, authorized] = await Promise.allSettled([
    backups.orderKey(domain, version, newEcdsaKey),
    authorizedAcmeOrder(ports, work),
  ]);
  // Both have ended before the failure of one ends the work and gives up the lease.
  if (authorized.status === "rejected") throw authorized.reason;
  if (key.status === "rejected") throw key.reason;
  const { keyPem, dataKey } = key.value;
  const acmeOrder = authorized.value;
  const chainPem = await ca.certificate(await finalizedAcmeOrder(ports, work, acmeOrder, keyPem));
  const description = describe(domain, chainPem, keyPem);
  await journal.append("issued", now(), { ...description });
  signal.throwIfAborted();
  await backups.save(domain, version, { chainPem, keyPem }, dataKey, description);
  await journal.append("backed-up", now(), { ...description, version });
  return { chainPem, keyPem };
}

/** Finalises an ACME order that is not yet, once. @returns where the certificate is */
async function finalizedAcmeOrder(
  { ca, now }: IssuerPorts,
  { journal, signal }: OrderWork,
  acmeOrder: AcmeOrder,
  keyPem: Secret<string>,
): Promise<string> {
  let current = acmeOrder;
  if (current.status === "pending" || current.status === "ready") {
    const csr = certificateRequest(journal.domain, keyPem);
    await journal.append("finalizing", now(), { orderUrl: acmeOrder.url });
    // The entry is written once, so no second ACME order is ever finalised under this order number.
    if (journal.detail("finalizing")?.orderUrl !== acmeOrder.url) throw new OvertakenByAnother(journal);
    try {
      current = await ca.finalize(acmeOrder, csr);
    } catch (error) {
      // The CA also says that of one that an earlier request has finalised, whose reply was lost.
      if (!(error instanceof AcmeProblem) || !error.is("orderNotReady")) throw error;
      current = await ca.acmeOrder(acmeOrder.url);
      if (current.status === "pending" || current.status === "ready") throw new CaStillWorking(acmeOrder.url);
    }
  }
  if (current.status !== "valid" && current.status !== "invalid") {
    current = await ca.settledAcmeOrder(acmeOrder.url, signal);
  }
  if (current.status === "valid" && current.certificate) return current.certificate;
  throw (
    current.problem ??
    new OrderFailed(`The certificate authority declared the order for ${journal.domain} invalid.`)
  );
}

/** What a backup says of itself, of a chain that is ours to use. */
function describe(domain: string, chainPem: string, keyPem: Secret<string>): BackupDescription {
  const leaf = new X509Certificate(chainPem);
  if (!leaf.checkPrivateKey(createPrivateKey(keyPem.reveal())) || !leaf.checkHost(domain)) {
    throw new OrderFailed(
      `The certificate authority sent a certificate that is not for ${domain} and its key.`,
    );
  }
  return certificateFacts(chainPem);
}
