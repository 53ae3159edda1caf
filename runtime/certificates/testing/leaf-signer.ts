import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import { der, oid, pem, TAG } from "../acme/der.ts";
import type { CertificateSigner, Validity } from "./issuing-key.ts";

const VERSION_3 = Buffer.from("a003020102", "hex");
const ECDSA_WITH_SHA256 = der(TAG.sequence, oid("1.2.840.10045.4.3.2"));
const COMMON_NAME = oid("2.5.4.3");
const SUBJECT_ALTERNATIVE_NAME = oid("2.5.29.17");
const AUTHORITY_KEY_ID = oid("2.5.29.35");
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const EXTENSIONS = 0xa3;
const KEY_ID = 0x80;
/** What a P-256 key in SPKI starts with, before its point. */
const P256_KEY = Buffer.from("3059301306072a8648ce3d020106082a8648ce3d030107034200", "hex");
const POINT_BYTES = 65;

/**
 * Signs certificates at once and cheaply, for simulations of many years: leaves alone, as chains of one,
 * under a key that is in no root.
 */
export class LeafSigner implements CertificateSigner {
  readonly #key: KeyObject;
  readonly #keyId: Buffer;

  constructor() {
    this.#key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    const spki = createPublicKey(this.#key).export({ type: "spki", format: "der" });
    this.#keyId = createHash("sha1").update(spki).digest();
  }

  /** The certificate for a PKCS#10 request of one name. */
  async signFor(csrPem: string, { notBefore, notAfter }: Validity): Promise<string> {
    const { publicKey, names } = partsOf(csrPem);
    const identifier = der(TAG.sequence, der(KEY_ID, this.#keyId));
    const extensions = der(
      TAG.sequence,
      der(TAG.sequence, SUBJECT_ALTERNATIVE_NAME, der(TAG.octetString, names)),
      der(TAG.sequence, AUTHORITY_KEY_ID, der(TAG.octetString, identifier)),
    );
    const certificate = der(
      TAG.sequence,
      VERSION_3,
      der(TAG.integer, Buffer.from([1]), randomBytes(15)),
      ECDSA_WITH_SHA256,
      nameOf("Simulated CA"),
      der(TAG.sequence, timeOf(notBefore), timeOf(notAfter)),
      nameOf("leaf"),
      publicKey,
      der(EXTENSIONS, extensions),
    );
    const signature = der(TAG.bitString, Buffer.from([0]), sign("sha256", certificate, this.#key));
    return pem("CERTIFICATE", der(TAG.sequence, certificate, ECDSA_WITH_SHA256, signature));
  }
}

/** Of a request as ours are: a P-256 key, and alternative names in at most 127 bytes. */
function partsOf(csrPem: string): { readonly publicKey: Buffer; readonly names: Buffer } {
  const request = Buffer.from(csrPem.replaceAll(/-----.*-----/g, ""), "base64");
  const key = request.indexOf(P256_KEY);
  const extension = request.indexOf(SUBJECT_ALTERNATIVE_NAME) + SUBJECT_ALTERNATIVE_NAME.length;
  const [tag, length = 0] = request.subarray(extension);
  if (key < 0 || tag !== TAG.octetString || length > 0x7f) throw new Error("No request of ours.");
  return {
    publicKey: request.subarray(key, key + P256_KEY.length + POINT_BYTES),
    names: request.subarray(extension + 2, extension + 2 + length),
  };
}

function nameOf(commonName: string): Buffer {
  const attribute = der(TAG.sequence, COMMON_NAME, der(UTF8_STRING, Buffer.from(commonName)));
  return der(TAG.sequence, der(TAG.set, attribute));
}

/** `YYMMDDHHMMSSZ`: good until 2049. */
function timeOf(at: Date): Buffer {
  return der(UTC_TIME, Buffer.from(`${at.toISOString().slice(2, 19).replaceAll(/\D/g, "")}Z`));
}
