import { createPrivateKey, X509Certificate } from "node:crypto";
import { newEcdsaKey } from "../../certificates/acme/account-key.ts";
import type { BackupDescription, CertificateWithKey } from "../../certificates/backup/certificate-backups.ts";
import { certificateFacts } from "../../certificates/certificate-facts.ts";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import type { Secret } from "../../workload/secret.ts";
import { FINALIZED_LAG_MS, type PlacedAcmeOrder } from "./acme-order-in-hand.ts";
import { atAuthority } from "./at-authority.ts";
import { authorizedAcmeOrder } from "./authorized-acme-order.ts";
import { accountIsWell } from "./ca-alerts.ts";
import { finalizedAcmeOrder } from "./finalized-acme-order.ts";
import { justGiven } from "./just-given.ts";
import type { OrderWork } from "./order-journal.ts";
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

/** For the backups of a domain: which are its customer's, and no earlier one's. */
export function ownBackups(record: DomainRecord): (version: string) => boolean {
  const { firstOrderNumber = 1 } = record;
  return (version) => version === record.version || (authorOf(version) ?? 1) >= firstOrderNumber;
}

/**
 * Takes an order from wherever it is to a certificate that is backed up.
 *
 * What was done is asked of the CA, by the ACME order's URL; the journal says what was about to be
 * done. The private key is stored before the ACME order is finalised, so whoever finds a finalised one
 * can fetch its certificate and use it.
 */
export async function obtainCertificate(ports: IssuerPorts, work: OrderWork): Promise<CertificateWithKey> {
  const { backups, now } = ports;
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
  const placed = authorized.value;
  const { name } = placed.authority;
  const url = await finalizedAcmeOrder(ports, work, placed, keyPem);
  const chainPem = await fetched(ports, work, placed, url);
  const description = describe(domain, chainPem, keyPem);
  await journal.append("issued", now(), { ...description, ca: name });
  await accountIsWell(ports, name);
  signal.throwIfAborted();
  await backups.save(domain, version, { chainPem, keyPem }, dataKey, description);
  await journal.append("backed-up", now(), { ...description, ca: name, version });
  return { chainPem, keyPem };
}

/** The chain of a certificate that is issued, whichever replica knows it first. */
async function fetched(
  ports: IssuerPorts,
  work: OrderWork,
  { authority }: PlacedAcmeOrder,
  url: string,
): Promise<string> {
  const since = new Date(work.journal.entry("finalizing")?.at ?? ports.now());
  const options = { since, signal: work.signal, lagMs: FINALIZED_LAG_MS };
  const ask = () => authority.ca.certificate(url);
  return atAuthority(ports, work, authority, () => justGiven(ports, ask, options), true);
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
