import { certificateOf, hasReached } from "../../certificates/registry/state.ts";
import { versionOf } from "./obtain-certificate.ts";
import type { IssuerPorts } from "./ports.ts";

/** With less life than this ahead, a new certificate is the better one. */
const MIN_LIFE_MS = 3 * 86_400_000;

/** Journal details of a certificate. */
export interface UnusedBackup {
  readonly version: string;
  readonly notAfter: string;
  readonly serial: string;
  readonly issuer: string;
}

/**
 * The newest certificate of an earlier order, if it was backed up and never went live: a CA gives
 * only five a week for one set of names, so what Fastly refused yesterday is used today.
 */
export async function unusedBackup(
  { registry, backups, now }: IssuerPorts,
  domain: string,
  orderNumber: number,
): Promise<UnusedBackup | undefined> {
  const newest = await backups.newest(domain);
  const author = newest === undefined ? Number.NaN : Number(newest);
  if (!Number.isInteger(author) || author >= orderNumber || newest !== versionOf(author)) return undefined;
  const journal = await registry.journal(domain, author);
  if (!hasReached(journal, "backed-up") || hasReached(journal, "active")) return undefined;
  const { version, notAfter, serial, issuer } = certificateOf(journal) ?? {};
  if (!version || !notAfter || !serial || !issuer) return undefined;
  if (Date.parse(notAfter) - now().getTime() < MIN_LIFE_MS) return undefined;
  return { version, notAfter, serial, issuer };
}
