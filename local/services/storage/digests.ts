import { createHash } from "node:crypto";
import { Crc32c } from "../../kernel/crc32c.ts";
import { invalid } from "./storage-refusal.ts";

/** What bytes are known by. Checksums are in base64, as in Google's object resource. */
export interface Content {
  readonly sha256: string;
  readonly size: number;
  readonly md5Hash: string;
  readonly crc32c: string;
}

/** Checksums that a client says its bytes have. */
export interface ExpectedChecksums {
  readonly md5Hash?: string;
  readonly crc32c?: string;
}

/** All checksums of a stream in one pass. */
export class Digests {
  readonly #sha256 = createHash("sha256");
  readonly #md5 = createHash("md5");
  readonly #crc32c = new Crc32c();
  #size = 0;

  /** Bytes seen so far. */
  get size(): number {
    return this.#size;
  }

  update(chunk: Buffer): void {
    this.#sha256.update(chunk);
    this.#md5.update(chunk);
    this.#crc32c.update(chunk);
    this.#size += chunk.length;
  }

  /** Once, when all bytes have been seen. */
  finish(): Content {
    return {
      sha256: this.#sha256.digest("hex"),
      size: this.#size,
      md5Hash: this.#md5.digest("base64"),
      crc32c: this.#crc32c.toString(),
    };
  }
}

/** @throws {StorageRefusal} 400 naming the checksum that differs. */
export function checkContent(content: Content, expected: ExpectedChecksums): void {
  if (expected.crc32c !== undefined && expected.crc32c !== content.crc32c) {
    throw invalid(
      `Provided CRC32C "${expected.crc32c}" doesn't match calculated CRC32C "${content.crc32c}".`,
    );
  }
  if (expected.md5Hash !== undefined && expected.md5Hash !== content.md5Hash) {
    throw invalid(
      `Provided MD5 hash "${expected.md5Hash}" doesn't match calculated MD5 hash "${content.md5Hash}".`,
    );
  }
}
