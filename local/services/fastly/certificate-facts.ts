import { createHash, createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";

const CURVES: Readonly<Record<string, number>> = { prime256v1: 256, secp384r1: 384 };
const RSA_LENGTH = 2048;

export interface KeyFacts {
  readonly keyType: "RSA" | "ECDSA";
  readonly keyLength: number;
  readonly publicKeySha1: string;
}

export interface CertificateFacts {
  readonly issuedTo: string;
  readonly issuer: string;
  /** Decimal. */
  readonly serialNumber: string;
  readonly signatureAlgorithm: string;
  readonly notBefore: string;
  readonly notAfter: string;
  /** Its DNS names in lower case. */
  readonly names: readonly string[];
  readonly publicKeySha1: string;
}

/**
 * What Fastly says of a private key in PEM.
 *
 * @throws {Error} with Fastly's rule when it's not one that Fastly takes: RSA of 2048 bits, P-256, P-384.
 */
export function readPrivateKey(pem: string): KeyFacts {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw new Error("key must be a private key in PEM", { cause: error });
  }
  const { asymmetricKeyType, asymmetricKeyDetails } = key;
  const publicKeySha1 = sha1(createPublicKey(key));
  if (asymmetricKeyType === "rsa") {
    const keyLength = asymmetricKeyDetails?.modulusLength ?? 0;
    if (keyLength === RSA_LENGTH) return { keyType: "RSA", keyLength, publicKeySha1 };
    throw new Error(`key must be RSA of ${RSA_LENGTH} bits, P-256 or P-384; got RSA of ${keyLength} bits`);
  }
  const curve = asymmetricKeyDetails?.namedCurve ?? asymmetricKeyType ?? "another kind";
  const keyLength = CURVES[curve];
  if (keyLength !== undefined) return { keyType: "ECDSA", keyLength, publicKeySha1 };
  throw new Error(`key must be RSA of ${RSA_LENGTH} bits, P-256 or P-384; got ${curve}`);
}

/** Of the first certificate of a chain in PEM. @throws {Error} when there is none, or not a whole chain. */
export function readCertificate(chain: string): CertificateFacts {
  const blocks = chain.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  let leaf: X509Certificate | undefined;
  try {
    leaf = blocks.map((pem) => new X509Certificate(pem))[0];
  } catch (error) {
    throw new Error("cert_blob must be a chain of certificates in PEM", { cause: error });
  }
  if (!leaf) throw new Error("cert_blob must be a chain of certificates in PEM");
  const names = (leaf.subjectAltName ?? "")
    .split(", ")
    .filter((name) => name.startsWith("DNS:"))
    .map((name) => name.slice("DNS:".length).toLowerCase());
  return {
    issuedTo: commonName(leaf.subject) ?? names[0] ?? "",
    issuer: commonName(leaf.issuer) ?? leaf.issuer ?? "",
    serialNumber: BigInt(`0x${leaf.serialNumber}`).toString(),
    signatureAlgorithm: signatureAlgorithm(leaf.signatureAlgorithm),
    notBefore: leaf.validFromDate.toISOString(),
    notAfter: leaf.validToDate.toISOString(),
    names,
    publicKeySha1: sha1(leaf.publicKey),
  };
}

/** `ecdsa-with-SHA256` as Fastly writes it, `SHA256-ECDSA`. */
function signatureAlgorithm(name = ""): string {
  const hash = /sha-?(\d+)/i.exec(name)?.[1];
  return hash === undefined ? name : `SHA${hash}-${/ecdsa/i.test(name) ? "ECDSA" : "RSA"}`;
}

function commonName(distinguishedName: string | undefined): string | undefined {
  return /^CN=(.+)$/m.exec(distinguishedName ?? "")?.[1];
}

function sha1(key: KeyObject): string {
  return createHash("sha1")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("hex");
}
