import * as acme from "acme-client";
import type { Secret } from "../../workload/secret.ts";

/**
 * A PKCS#10 request in PEM for one name, as a subject alternative name alone: a common name is
 * limited to 64 characters, and CAs ignore it.
 */
export async function certificateRequest(domain: string, keyPem: Secret<string>): Promise<string> {
  const [, csr] = await acme.crypto.createCsr({ altNames: [domain] }, keyPem.reveal());
  return csr.toString();
}
