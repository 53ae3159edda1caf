import type { RevocationReason } from "../../certificates/acme/certificate-authority.ts";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import type { IssuerPorts } from "./ports.ts";

/** Revokes a certificate that was issued here, at the CA that issued it. Idempotent. */
export async function revokeBackup(
  { backups, ca }: IssuerPorts,
  { domain }: DomainRecord,
  version: string,
  reason: RevocationReason,
): Promise<void> {
  const backup = await backups.read(domain, version);
  if (backup) await ca.revoke(backup.chainPem, reason);
}
