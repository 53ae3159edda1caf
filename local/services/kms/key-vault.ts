import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { ResourceStore } from "../../kernel/contract.ts";
import { RpcRefusal } from "../google/rpc-refusal.ts";

const CRYPTO_KEY = "gcp:kms/cryptoKey:CryptoKey";
const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + NONCE_BYTES;

/**
 * The material of symmetric keys: 256 bits each, made at first use, and gone with the key's resource.
 * A key here has one version, since nothing rotates it.
 */
export class KeyVault {
  readonly #db: DatabaseSync;
  readonly #resources: ResourceStore;

  constructor(db: DatabaseSync, resources: ResourceStore) {
    this.#db = db;
    this.#resources = resources;
    db.exec("CREATE TABLE IF NOT EXISTS kms_keys (id TEXT PRIMARY KEY, material BLOB NOT NULL) STRICT");
    for (const { id } of db.prepare("SELECT id FROM kms_keys").all()) this.#forgetIfRemoved(String(id));
    resources.subscribe((kind, id) => {
      if (kind === CRYPTO_KEY) this.#forgetIfRemoved(id);
    });
  }

  /** @throws {RpcRefusal} NOT_FOUND unless the program has the key, FAILED_PRECONDITION if it isn't for encryption. */
  requireKey(id: string): void {
    const resource = this.#resources.get(CRYPTO_KEY, id);
    if (!resource) throw new RpcRefusal("NOT_FOUND", `CryptoKey ${id} not found.`);
    const purpose = resource.properties.purpose ?? "ENCRYPT_DECRYPT";
    if (purpose !== "ENCRYPT_DECRYPT") {
      throw new RpcRefusal(
        "FAILED_PRECONDITION",
        `${id} has the purpose ${purpose}; it must be ENCRYPT_DECRYPT.`,
      );
    }
  }

  /** AES-256-GCM; the key's name is authenticated with `additionalData`, so another key's ciphertext is never taken. */
  encrypt(id: string, plaintext: Buffer, additionalData: Buffer): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#material(id), nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(bound(id, additionalData));
    const encrypted = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return Buffer.concat([Buffer.from([FORMAT]), nonce, encrypted, cipher.getAuthTag()]);
  }

  /** @throws {RpcRefusal} INVALID_ARGUMENT for other data, another key or changed bytes, without saying which. */
  decrypt(id: string, ciphertext: Buffer, additionalData: Buffer): Buffer {
    if (ciphertext[0] !== FORMAT || ciphertext.length < HEAD_BYTES + TAG_BYTES) throw undecipherable();
    const nonce = ciphertext.subarray(1, HEAD_BYTES);
    const decipher = createDecipheriv("aes-256-gcm", this.#material(id), nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(bound(id, additionalData));
    decipher.setAuthTag(ciphertext.subarray(-TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(ciphertext.subarray(HEAD_BYTES, -TAG_BYTES)), decipher.final()]);
    } catch (error) {
      throw undecipherable(error);
    }
  }

  #material(id: string): Uint8Array {
    this.#db.prepare("INSERT OR IGNORE INTO kms_keys (id, material) VALUES (?, ?)").run(id, randomBytes(32));
    const row = this.#db.prepare("SELECT material FROM kms_keys WHERE id = ?").get(id);
    return (row as { material: Uint8Array }).material;
  }

  #forgetIfRemoved(id: string): void {
    if (!this.#resources.get(CRYPTO_KEY, id)) this.#db.prepare("DELETE FROM kms_keys WHERE id = ?").run(id);
  }
}

/** Ids hold no NUL. */
function bound(id: string, additionalData: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${id}\0`), additionalData]);
}

function undecipherable(cause?: unknown): RpcRefusal {
  return new RpcRefusal("INVALID_ARGUMENT", "Decryption failed: the ciphertext is invalid.", { cause });
}
