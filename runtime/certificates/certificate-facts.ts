import { X509Certificate } from "node:crypto";
import { certificateIdIn } from "./acme/certificate-id.ts";

/** What of a certificate is kept beside it, and told of it. */
export interface CertificateFacts {
  /** RFC 3339. */
  readonly notBefore: string;
  /** RFC 3339. */
  readonly notAfter: string;
  /** Hexadecimal, lower case. */
  readonly serial: string;
  readonly issuer: string;
  /** RFC 9773's; absent of a certificate that does not say which key signed it. */
  readonly certificateId?: string;
}

/** @param chainPem leaf first */
export function certificateFacts(chainPem: string): CertificateFacts {
  const leaf = new X509Certificate(chainPem);
  const certificateId = certificateIdIn(leaf.raw);
  return {
    notBefore: new Date(leaf.validFrom).toISOString(),
    notAfter: new Date(leaf.validTo).toISOString(),
    serial: leaf.serialNumber.toLowerCase(),
    issuer: leaf.issuer.replaceAll("\n", ", "),
    ...(certificateId !== undefined && { certificateId }),
  };
}
