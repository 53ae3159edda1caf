import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { PlatformKey } from "../../certificates/keys/platform-key.ts";
import { InvalidPageToken } from "../../certificates/registry/registry.ts";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals the registry's page tokens, which hold the name of the next object: it may be another customer's.
 * What is sealed shows nothing, and opens for the caller alone to whom it was given.
 */
export class PageTokens {
  readonly #key: PlatformKey;

  constructor(key: PlatformKey) {
    this.#key = key;
  }

  async seal(caller: string, token: string): Promise<string> {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, await this.#derived(), nonce).setAAD(Buffer.from(caller));
    const sealed = Buffer.concat([nonce, cipher.update(token, "utf8"), cipher.final()]);
    return Buffer.concat([sealed, cipher.getAuthTag()]).toString("base64url");
  }

  /** @throws {InvalidPageToken} for what was not given to this caller, or was altered. */
  async open(caller: string, text: string): Promise<string> {
    const bytes = Buffer.from(text, "base64url");
    if (bytes.length < NONCE_BYTES + TAG_BYTES || bytes.toString("base64url") !== text) {
      throw new InvalidPageToken();
    }
    const decipher = createDecipheriv(CIPHER, await this.#derived(), bytes.subarray(0, NONCE_BYTES))
      .setAAD(Buffer.from(caller))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    const opened = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
    try {
      return Buffer.concat([opened, decipher.final()]).toString("utf8");
    } catch {
      throw new InvalidPageToken();
    }
  }

  #derived(): Promise<Buffer> {
    return this.#key.derive("page-tokens");
  }
}
