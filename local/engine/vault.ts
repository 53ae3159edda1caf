import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { EngineRefusal, EXIT } from "./engine-refusal.ts";
import { isSecret, type Properties, rewriteProperties, SECRET, SIGNATURE, type Value } from "./values.ts";

const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts the secrets of one stack's state: AES-256-GCM, one key a state folder, the stack as additional data. */
export class Vault {
  readonly #key: Buffer;
  readonly #stack: Buffer;

  private constructor(key: Buffer, stack: string) {
    this.#key = key;
    this.#stack = Buffer.from(stack);
  }

  /**
   * Reads `STATE_DIR/key`, and makes it first if `mayCreate`.
   * @throws {EngineRefusal} when it is missing, malformed, or open to other users.
   */
  static open(stateDir: string, stack: string, mayCreate: boolean): Vault {
    const path = join(stateDir, "key");
    if (mayCreate && !existsSync(path)) createKey(path);
    let text: string;
    try {
      text = readFileSync(path, "utf8").trim();
    } catch (error) {
      throw unusable(
        `The key ${path}, which encrypts the secrets of stack "${stack}", cannot be read.`,
        error,
      );
    }
    if ((statSync(path).mode & 0o077) !== 0) {
      throw unusable(`The key ${path} must be readable by its owner alone; run "chmod 600 ${path}".`);
    }
    const key = Buffer.from(text, "base64");
    if (key.length !== KEY_BYTES) {
      throw unusable(`The key ${path} must be ${KEY_BYTES} bytes in base64; got ${key.length}.`);
    }
    return new Vault(key, stack);
  }

  encrypt(plain: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key, iv).setAAD(this.#stack);
    const sealed = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString("base64");
  }

  /** @throws when the key, the stack or a single bit is another than at encryption. */
  decrypt(sealed: string): string {
    const bytes = Buffer.from(sealed, "base64");
    const decipher = createDecipheriv("aes-256-gcm", this.#key, bytes.subarray(0, IV_BYTES), {
      authTagLength: TAG_BYTES,
    })
      .setAAD(this.#stack)
      .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString(
      "utf8",
    );
  }

  sealSecrets(properties: Properties): Properties {
    return rewriteProperties(properties, (value) =>
      isSecret(value)
        ? { [SIGNATURE]: SECRET, ciphertext: this.encrypt(JSON.stringify(value.value)) }
        : undefined,
    );
  }

  openSecrets(properties: Properties): Properties {
    return rewriteProperties(properties, (value) =>
      isSecret(value)
        ? {
            [SIGNATURE]: SECRET,
            value: JSON.parse(this.decrypt(String((value as Properties).ciphertext))) as Value,
          }
        : undefined,
    );
  }
}

/** Made whole under another name and then linked, so that two first runs agree on one key and none reads half of it. */
function createKey(path: string): void {
  mkdirSync(join(path, ".."), { recursive: true });
  const draft = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  writeFileSync(draft, `${randomBytes(KEY_BYTES).toString("base64")}\n`, { mode: 0o600, flush: true });
  chmodSync(draft, 0o600);
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(draft);
  }
}

function unusable(message: string, cause?: unknown): EngineRefusal {
  return new EngineRefusal(message, { cause, exitCode: EXIT.stateUnusable });
}
