import { Secret } from "../../workload/secret.ts";
import type { HttpReply, OutgoingRequest } from "../../workload/send-request.ts";
import { crc32c } from "../crc32c.ts";
import { TestKeyWrapper } from "./key-wrapper.ts";

/** The two calls of Cloud KMS that we make, with its checksums, over one key in memory. */
export class MemoryKmsApi {
  readonly #wrapper = new TestKeyWrapper();

  /** A transport's. */
  async send(target: string | URL, { body = "" }: OutgoingRequest): Promise<HttpReply> {
    const request = JSON.parse(body.toString()) as Record<string, string>;
    const additional = Buffer.from(request.additionalAuthenticatedData ?? "", "base64");
    if (String(target).endsWith(":encrypt")) {
      const plaintext = Buffer.from(request.plaintext ?? "", "base64");
      if (String(crc32c(plaintext)) !== request.plaintextCrc32c) return answer(400, {});
      const ciphertext = await this.#wrapper.wrap(new Secret(plaintext), additional);
      return answer(200, {
        ciphertext: ciphertext.toString("base64"),
        ciphertextCrc32c: String(crc32c(ciphertext)),
        verifiedPlaintextCrc32c: true,
        verifiedAdditionalAuthenticatedDataCrc32c: true,
      });
    }
    try {
      const opened = await this.#wrapper.unwrap(Buffer.from(request.ciphertext ?? "", "base64"), additional);
      const plaintext = opened.reveal();
      return answer(200, {
        plaintext: plaintext.toString("base64"),
        plaintextCrc32c: String(crc32c(plaintext)),
      });
    } catch {
      return answer(400, { error: { code: 400, message: "Decryption failed" } });
    }
  }
}

function answer(status: number, value: object): HttpReply {
  const body = Buffer.from(JSON.stringify(value));
  return { status, headers: { "content-type": "application/json" }, body };
}
