import * as z from "zod";
import type { KeyWrapper } from "../../google/key-wrapper.ts";
import type { ObjectStore } from "../../google/object-store.ts";
import { Secret } from "../../workload/secret.ts";
import { accountKey, newEcdsaKey } from "./account-key.ts";
import { openCertificateAuthority } from "./acme-certificate-authority.ts";
import type { CertificateAuthorities, ListedAuthority } from "./certificate-authorities.ts";

const configuredAuthority = z.strictObject({
  /** For records, journals and alerts. */
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  directoryUrl: z.url(),
  /** A profile of the CA, `classic`. Empty: the CA's default. */
  profile: z.string(),
  /** `mailto:` URL for the account. */
  contact: z.string().startsWith("mailto:"),
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

/** The CAs as one who has accounts there sees them. @throws {TypeError} a key is missing */
export function openAuthorities(
  [first, ...others]: readonly [ConfiguredAuthority, ...ConfiguredAuthority[]],
  externalAccountKeys: Readonly<Record<string, Secret<string>>>,
  backupObjects: ObjectStore,
  wrapper: KeyWrapper,
): CertificateAuthorities {
  const open = (configured: ConfiguredAuthority): ListedAuthority => {
    const { name, directoryUrl, profile, contact, externalAccountKeyId: keyId } = configured;
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
    return { name, ca };
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
