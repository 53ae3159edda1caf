import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { CertificateBackups, CertificateWithKey } from "./certificate-backups.ts";
import { EnvelopeBroken } from "./envelope.ts";

/** Behind so many, nothing is in use any more; and each costs a read and a call of KMS. */
const MAX_LOOKED_AT = 20;
const UNREADABLE = "cannot be opened";

/** A newer backup that is of no use, and why: the end of a sentence about it. */
export interface PassedOver {
  readonly version: string;
  readonly why: string;
}

export interface UsableBackup extends CertificateWithKey {
  readonly version: string;
  readonly leaf: X509Certificate;
}

export interface NewestUsable {
  readonly backup: UsableBackup | undefined;
  /** Newest first. */
  readonly passedOver: readonly PassedOver[];
}

/**
 * The newest backup of `domain` that opens, belongs together and is valid now. One that was damaged must
 * not hide an older one that is intact; so each is looked at, and which were passed over is said.
 *
 * @param isOwn which of them are the domain's customer's; an earlier one's are not even looked at
 * @throws what storage and KMS do when they don't answer: that tells nothing about a backup
 */
export async function newestUsable(
  backups: Pick<CertificateBackups, "versions" | "read">,
  domain: string,
  now: Date,
  isOwn: (version: string) => boolean = () => true,
): Promise<NewestUsable> {
  const passedOver: PassedOver[] = [];
  const versions = (await backups.versions(domain)).filter(isOwn);
  for (const version of versions.slice(0, MAX_LOOKED_AT)) {
    const found = await opened(backups, domain, version);
    const judged = typeof found === "string" ? found : judge(domain, found, now);
    if (typeof judged === "object" && typeof found === "object") {
      return { backup: { ...found, version, leaf: judged }, passedOver };
    }
    passedOver.push({ version, why: String(judged) });
  }
  return { backup: undefined, passedOver };
}

/** Those that are damaged, rather than over. */
export function unreadable(passedOver: readonly PassedOver[]): readonly PassedOver[] {
  return passedOver.filter(({ why }) => why === UNREADABLE);
}

/** For a log line, a reason or a table. */
export function inWords(passedOver: readonly PassedOver[]): string {
  return passedOver.map(({ version, why }) => `Backup ${version} ${why}.`).join(" ");
}

async function opened(
  backups: Pick<CertificateBackups, "read">,
  domain: string,
  version: string,
): Promise<CertificateWithKey | string> {
  try {
    return (await backups.read(domain, version)) ?? "is gone";
  } catch (error) {
    if (error instanceof EnvelopeBroken) return UNREADABLE;
    throw error;
  }
}

/** The leaf, or what is wrong. */
function judge(
  domain: string,
  { chainPem, keyPem }: CertificateWithKey,
  now: Date,
): X509Certificate | string {
  let leaf: X509Certificate;
  let key: KeyObject;
  try {
    leaf = new X509Certificate(chainPem);
    key = createPrivateKey(keyPem.reveal());
  } catch {
    return "does not hold a certificate and a key";
  }
  if (!leaf.checkPrivateKey(key)) return "holds another certificate's key";
  if (!leaf.checkHost(domain)) return `is not for ${domain}`;
  if (leaf.validToDate <= now) return `expired at ${leaf.validToDate.toISOString()}`;
  if (leaf.validFromDate > now) return `is valid from ${leaf.validFromDate.toISOString()} on`;
  return leaf;
}
