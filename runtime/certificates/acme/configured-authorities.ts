import * as z from "zod";
import type { KeyWrapper } from "../../google/key-wrapper.ts";
import type { ObjectStore } from "../../google/object-store.ts";
import { Secret } from "../../workload/secret.ts";
import { accountKey, newEcdsaKey } from "./account-key.ts";
import { openCertificateAuthority } from "./acme-certificate-authority.ts";
import type { CertificateAuthorities, ListedAuthority } from "./certificate-authorities.ts";
import type { KnownAccounts } from "./known-accounts.ts";

const configuredAuthority = z.strictObject({
  /** For records, journals and alerts. */
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  directoryUrl: z.url(),
  /** A profile of the CA, `classic`. Empty: the CA's default. */
  profile: z.string(),
  /** `mailto:` URL for the account. */
  contact: z.string().startsWith("mailto:"),
  /** Names by which CAA records may allow it (RFC 8659). */
  caaIdentities: z.array(z.string()).min(1),
  /** By which the CA knows the customer's account that ours there belongs to, where it wants one. */
  externalAccountKeyId: z.string().min(1).optional(),
});
export type ConfiguredAuthority = z.output<typeof configuredAuthority>;

/** An environment variable: JSON, in the order in which CAs are asked. */
export const authoritiesVariable = z
  .string()
  .transform(fromJson)
  .pipe(z.tuple([configuredAuthority], configuredAuthority));

/** An environment variable: JSON, base64url keys by the names of the CAs that want an external account. Empty: none does. */
export const externalAccountKeysVariable = z
  .string()
  .transform((text, context) => (text === "" ? {} : fromJson(text, context)))
  .pipe(
    z.record(
      z.string(),
      z.base64url().transform((key) => new Secret(key)),
    ),
  );

export interface AccountPorts {
  /** Where the accounts' keys are kept, encrypted. */
  readonly backupObjects: ObjectStore;
  readonly wrapper: KeyWrapper;
  readonly accounts: Pick<KnownAccounts, "note">;
}

/** The CAs as one who has accounts there sees them. @throws {TypeError} a key is missing */
export function openAuthorities(
  [first, ...others]: readonly [ConfiguredAuthority, ...ConfiguredAuthority[]],
  externalAccountKeys: Readonly<Record<string, Secret<string>>>,
  { backupObjects, wrapper, accounts }: AccountPorts,
): CertificateAuthorities {
  const open = (configured: ConfiguredAuthority): ListedAuthority => {
    const { name, directoryUrl, profile, contact, caaIdentities, externalAccountKeyId: keyId } = configured;
    const hmacKey = externalAccountKeys[name];
    if (keyId !== undefined && !hmacKey) {
      throw new TypeError(`platform:externalAccountKeys must have a key for ${name}; got none.`);
    }
    const ca = openCertificateAuthority({
      directoryUrl,
      profile,
      contact,
      accountKey: () => accountKey(backupObjects, wrapper, directoryUrl),
      ...(keyId !== undefined && hmacKey && { externalAccount: { keyId, hmacKey } }),
    });
    const openAccount = async () => {
      const url = await ca.openAccount();
      await accounts.note(name, url, caaIdentities);
      return url;
    };
    return { name, ca: { ...ca, openAccount } };
  };
  return [open(first), ...others.map(open)];
}

/** The CAs as everybody sees them, who may ask for renewal windows. */
export function openPublicAuthorities(
  configured: readonly [ConfiguredAuthority, ...ConfiguredAuthority[]],
): CertificateAuthorities {
  const [first, ...others] = configured;
  const open = ({ name, directoryUrl, profile, contact }: ConfiguredAuthority): ListedAuthority => ({
    name,
    ca: openCertificateAuthority({
      directoryUrl,
      profile,
      contact,
      // No account is ever made with this key.
      accountKey: async () => newEcdsaKey(),
    }),
  });
  return [open(first), ...others.map(open)];
}

function fromJson(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: "custom", message: "must be JSON" });
    return z.NEVER;
  }
}
