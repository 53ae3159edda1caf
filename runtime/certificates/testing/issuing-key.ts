import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;
x509.cryptoProvider.set(webcrypto as never);

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** What a CA in memory signs with. */
export interface CertificateSigner {
  /** The chain for a PKCS#10 request, leaf first. */
  signFor(csrPem: string, validity: Validity): Promise<string>;
}

/** Signs certificates for tests: a CA's key without a CA around it. */
export class TestIssuingKey implements CertificateSigner {
  readonly rootPem: string;
  readonly #root: x509.X509Certificate;
  readonly #privateKey: webcrypto.CryptoKey;

  private constructor(root: x509.X509Certificate, privateKey: webcrypto.CryptoKey) {
    this.#root = root;
    this.#privateKey = privateKey;
    this.rootPem = root.toString("pem");
  }

  static async create(): Promise<TestIssuingKey> {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const root = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serial(),
      name: "CN=Test Root",
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + 365 * DAY_MS),
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, 1, true),
        // Which tells roots of the same name apart.
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new TestIssuingKey(root, keys.privateKey);
  }

  /** The chain for a PKCS#10 request, leaf first. */
  sign(csrPem: string, lifetimeDays = 90): Promise<string> {
    return this.signFor(csrPem, validFor(lifetimeDays));
  }

  async signFor(csrPem: string, validity: Validity): Promise<string> {
    const request = new x509.Pkcs10CertificateRequest(csrPem);
    const names = request.extensions.find(
      (one) => one instanceof x509.SubjectAlternativeNameExtension,
    )?.names;
    return this.#chain(await request.publicKey.export(), names?.toJSON() ?? [], validity);
  }

  /** A server's certificate and key. */
  async server(names: readonly ({ dns: string } | { ip: string })[]): Promise<{ cert: string; key: string }> {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const alternative = names.map((name) =>
      "dns" in name ? ({ type: "dns", value: name.dns } as const) : ({ type: "ip", value: name.ip } as const),
    );
    const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
    return {
      cert: await this.#chain(keys.publicKey, alternative, validFor(30)),
      key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
    };
  }

  async #chain(
    publicKey: webcrypto.CryptoKey,
    names: x509.JsonGeneralNames,
    validity: Validity,
  ): Promise<string> {
    const leaf = await x509.X509CertificateGenerator.create({
      serialNumber: serial(),
      subject: "CN=leaf",
      issuer: this.#root.subject,
      ...validity,
      publicKey,
      signingKey: this.#privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.SubjectAlternativeNameExtension(names),
        await x509.AuthorityKeyIdentifierExtension.create(this.#root.publicKey),
      ],
    });
    return `${leaf.toString("pem")}\n${this.rootPem}\n`;
  }
}

function validFor(days: number): Validity {
  return { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + days * DAY_MS) };
}

function serial(): string {
  return `01${randomBytes(15).toString("hex")}`;
}
