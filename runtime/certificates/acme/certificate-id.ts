import "reflect-metadata";
import * as x509 from "@peculiar/x509";

/**
 * A certificate's name in ARI and in `replaces`: its issuer's key and its serial number.
 * `undefined` for one that does not say which key signed it.
 *
 * @param chainPem PEM, leaf first
 * @see https://www.rfc-editor.org/rfc/rfc9773#section-4.1
 */
export function certificateIdOf(chainPem: string): string | undefined {
  const [leafPem] = chainPem.split(/(?<=-----END CERTIFICATE-----)/);
  const leaf = new x509.X509Certificate(leafPem ?? chainPem);
  const keyId = leaf.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId;
  if (!keyId) return undefined;
  return `${Buffer.from(keyId, "hex").toString("base64url")}.${derSerial(leaf.serialNumber).toString("base64url")}`;
}

/** The bytes of the DER integer: the library drops the zero byte that keeps a high first bit from meaning "negative". */
function derSerial(hex: string): Buffer {
  const bytes = Buffer.from(hex, "hex");
  return (bytes[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
}
