import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { Secret } from "../../workload/secret.ts";
import { type KeyWrapper, KmsError } from "../key-wrapper.ts";

/** KMS in memory, for tests: additional data bind a wrapped key as there. */
export class TestKeyWrapper implements KeyWrapper {
  readonly #key = randomBytes(32);

  async wrap(dataKey: Secret<Buffer>, additionalData: Buffer): Promise<Buffer> {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    cipher.setAAD(additionalData);
    const sealed = Buffer.concat([cipher.update(dataKey.reveal()), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  async unwrap(wrapped: Buffer, additionalData: Buffer): Promise<Secret<Buffer>> {
    const decipher = createDecipheriv("aes-256-gcm", this.#key, wrapped.subarray(0, 12));
    decipher.setAAD(additionalData);
    decipher.setAuthTag(wrapped.subarray(12, 28));
    try {
      return new Secret(Buffer.concat([decipher.update(wrapped.subarray(28)), decipher.final()]));
    } catch (cause) {
      throw new KmsError("Decryption failed: the ciphertext is invalid.", 400, { cause });
    }
  }
}
