import { newestUsable } from "../../certificates/backup/newest-usable.ts";
import { certificateFacts } from "../../certificates/certificate-facts.ts";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import { certificateOf, hasReached } from "../../certificates/registry/state.ts";
import { renewalByAge } from "../../certificates/renewal/lifetime.ts";
import { authorOf, ownBackups } from "./obtain-certificate.ts";
import type { IssuerPorts } from "./ports.ts";

/** Journal details of a certificate. */
export type UnusedBackup = Readonly<Record<string, string>> & { readonly version: string };

/**
 * A certificate that serves as well as a new one: a CA gives only five a week for one set of names. It is
 * the newest, has more life left than one that is renewed, and either never went live, as what Fastly
 * refused yesterday, or is left from the same customer's registration before.
 */
export async function unusedBackup(
  ports: IssuerPorts,
  record: DomainRecord,
): Promise<UnusedBackup | undefined> {
  const { backups, now } = ports;
  const { domain, orderNumber, lifecycle } = record;
  // What is served now is to be replaced by a new one.
  if (orderNumber === 1 || lifecycle === "renewing") return undefined;
  const { backup } = await newestUsable(backups, domain, now(), ownBackups(record));
  const author = backup && authorOf(backup.version);
  if (!backup || author === undefined || author >= orderNumber) return undefined;
  const facts = certificateFacts(backup.chainPem);
  if (renewalByAge(facts) <= now()) return undefined;
  const origin = await originOf(ports, record, author);
  if (!origin) return undefined;
  return { ...facts, ...(origin.ca && { ca: origin.ca }), version: backup.version };
}

/** Which CA issued a backup, where the backup is this registration's to use. */
async function originOf(
  { registry }: IssuerPorts,
  { domain, customer }: DomainRecord,
  author: number,
): Promise<{ readonly ca: string | undefined } | undefined> {
  const tombstone = await registry.tombstone(domain);
  if (tombstone && author <= tombstone.lastOrderNumber) {
    return tombstone.customer === customer && !tombstone.isRevoked ? { ca: tombstone.ca } : undefined;
  }
  const journal = await registry.journal(domain, author);
  const isUnused = hasReached(journal, "backed-up") && !hasReached(journal, "active");
  return isUnused ? { ca: certificateOf(journal)?.ca } : undefined;
}
