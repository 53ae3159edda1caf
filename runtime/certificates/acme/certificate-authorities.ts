import type { CertificateAuthority } from "./certificate-authority.ts";

/** A CA of the configured list, under the name that records and journals have for it. */
export interface ListedAuthority {
  readonly name: string;
  readonly ca: CertificateAuthority;
}

/** In the order in which they are asked. */
export type CertificateAuthorities = readonly [ListedAuthority, ...ListedAuthority[]];

/**
 * The CA of that name, or, for what dates from before CAs had names, the first.
 * `undefined` once it is taken off the list.
 */
export function authorityNamed<Listed extends { readonly name: string }>(
  authorities: readonly Listed[],
  name: string | undefined,
): Listed | undefined {
  return name === undefined ? authorities[0] : authorities.find((one) => one.name === name);
}
