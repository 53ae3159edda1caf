import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import * as x509 from "@peculiar/x509";
import type { TlsAuthority as TlsAuthorityContract } from "./contract.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;
const ROOT_DAYS = 3650;
const LEAF_DAYS = 397;
/**
 * Pebble has a new root at each start, and a certificate of any start in its 90 days is still served: so many can be
 * verified. Each costs whoever reads the file some 0.06 ms.
 */
const KEPT_ROOTS = 300;
/** Leaf certificates kept for re-use; the oldest goes first. */
const CACHED_LEAVES = 256;

interface Root {
  readonly certificate: x509.X509Certificate;
  readonly privateKey: CryptoKey;
}

type CryptoKey = webcrypto.CryptoKey;

/** The root that stands for the public CAs of Google, Fastly and the origin on this machine alone. */
export class TlsAuthority implements TlsAuthorityContract {
  readonly rootPem: string;
  readonly caFile: string;
  readonly #root: Root;
  readonly #db: DatabaseSync;
  readonly #leaves = new Map<string, Promise<{ cert: string; key: string }>>();

  private constructor(db: DatabaseSync, root: Root, caFile: string) {
    this.#db = db;
    this.#root = root;
    this.rootPem = root.certificate.toString("pem");
    this.caFile = caFile;
    this.#writeCaFile();
  }

  static async open(db: DatabaseSync, folder: string): Promise<TlsAuthority> {
    mkdirSync(folder, { recursive: true });
    x509.cryptoProvider.set(webcrypto as never);
    db.exec(
      `CREATE TABLE IF NOT EXISTS tls_root (cert TEXT NOT NULL, key TEXT NOT NULL) STRICT;
       CREATE TABLE IF NOT EXISTS tls_trusted (id INTEGER PRIMARY KEY, pem TEXT NOT NULL UNIQUE) STRICT`,
    );
    const row = db.prepare("SELECT cert, key FROM tls_root").get() as
      | { cert: string; key: string }
      | undefined;
    return new TlsAuthority(db, row ? await readRoot(row) : await makeRoot(db), join(folder, "ca.pem"));
  }

  issue(names: readonly string[]): Promise<{ cert: string; key: string }> {
    const id = names.join(",");
    const cached = this.#leaves.get(id);
    if (cached) return cached;
    const leaf = this.#sign(names);
    this.#leaves.set(id, leaf);
    leaf.catch(() => this.#leaves.delete(id));
    for (const oldest of this.#leaves.keys()) {
      if (this.#leaves.size <= CACHED_LEAVES) break;
      this.#leaves.delete(oldest);
    }
    return leaf;
  }

  trust(rootPem: string): void {
    this.#db.prepare("INSERT OR IGNORE INTO tls_trusted (pem) VALUES (?)").run(rootPem.trim());
    this.#db
      .prepare(
        "DELETE FROM tls_trusted WHERE id NOT IN (SELECT id FROM tls_trusted ORDER BY id DESC LIMIT ?)",
      )
      .run(KEPT_ROOTS);
    this.#writeCaFile();
  }

  async #sign(names: readonly string[]): Promise<{ cert: string; key: string }> {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${names[0]?.slice(0, 64)}`,
      issuer: this.#root.certificate.subject,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + LEAF_DAYS * DAY_MS),
      publicKey: keys.publicKey,
      signingKey: this.#root.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.SubjectAlternativeNameExtension(
          names.map((value) => ({ type: isIP(value) ? "ip" : "dns", value })),
        ),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        await x509.AuthorityKeyIdentifierExtension.create(this.#root.certificate),
      ],
    });
    return { cert: certificate.toString("pem"), key: await privateKeyPem(keys.privateKey) };
  }

  #writeCaFile(): void {
    const trusted = this.#db.prepare("SELECT pem FROM tls_trusted ORDER BY id").all() as unknown as {
      pem: string;
    }[];
    // Whole or not at all: instances start with it, and the disk may be full.
    const draft = `${this.caFile}.draft`;
    writeFileSync(draft, `${[this.rootPem, ...trusted.map(({ pem }) => pem)].join("\n")}\n`);
    renameSync(draft, this.caFile);
  }
}

async function makeRoot(db: DatabaseSync): Promise<Root> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=Local cloud root, O=This machine only",
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + ROOT_DAYS * DAY_MS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  db.prepare("INSERT INTO tls_root (cert, key) VALUES (?, ?)").run(
    certificate.toString("pem"),
    await privateKeyPem(keys.privateKey),
  );
  return { certificate, privateKey: keys.privateKey };
}

async function readRoot({ cert, key }: { cert: string; key: string }): Promise<Root> {
  const der = x509.PemConverter.decode(key)[0];
  if (!der) throw new Error("The local cloud's root has no private key.");
  return {
    certificate: new x509.X509Certificate(cert),
    privateKey: await webcrypto.subtle.importKey("pkcs8", der, ALGORITHM, true, ["sign"]),
  };
}

async function privateKeyPem(key: CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}
