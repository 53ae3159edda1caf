import { authorityNamed } from "../../certificates/acme/certificate-authorities.ts";
import type { RevocationReason } from "../../certificates/acme/certificate-authority.ts";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import type { IssuerPorts } from "./ports.ts";

/** Revokes a certificate that was issued here, at the CA that issued it. Idempotent. */
export async function revokeBackup(
  { backups, authorities }: IssuerPorts,
  { domain, ca }: DomainRecord,
  version: string,
  reason: RevocationReason,
): Promise<void> {
  const backup = await backups.read(domain, version);
  if (!backup) return;
  const authority = authorityNamed(authorities, ca);
  if (!authority) throw new Error(`The certificate of ${domain} is of ${ca}, which is configured no more.`);
  await authority.ca.revoke(backup.chainPem, reason);
}
