import type { ConfiguredAuthority } from "../../runtime/certificates/acme/configured-authorities.ts";

/** A CA, and how we are known there. */
export interface CertificateAuthorityArgs {
  /** For records, journals and alerts: never changed, or certificates are nobody's. */
  readonly name: string;
  readonly directoryUrl: string;
  /** A profile of the CA; empty: its default. */
  readonly profile: string;
  /** `mailto:` URL. */
  readonly contact: string;
  /** Names by which a customer's CAA record may allow it. */
  readonly caaIdentities: readonly string[];
  /** Where the CA wants an account with it that ours belongs to. */
  readonly externalAccount?: { readonly keyId: string } | undefined;
}

/** In the order in which they are asked. */
export type CertificateAuthoritiesArgs = readonly CertificateAuthorityArgs[];

/** As the workloads' environment has them. */
export function authoritiesVariableOf(authorities: CertificateAuthoritiesArgs): string {
  const configured: ConfiguredAuthority[] = authorities.map(
    ({ name, directoryUrl, profile, contact, caaIdentities, externalAccount }) => ({
      name,
      directoryUrl,
      profile,
      contact,
      caaIdentities: [...caaIdentities],
      ...(externalAccount && { externalAccountKeyId: externalAccount.keyId }),
    }),
  );
  return JSON.stringify(configured);
}

/** A CAA record that allows one of them is enough. */
export function caaIdentitiesOf(authorities: CertificateAuthoritiesArgs): readonly string[] {
  return [...new Set(authorities.flatMap(({ caaIdentities }) => caaIdentities))];
}
