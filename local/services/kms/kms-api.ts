import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpApi, Kernel, Principal } from "../../kernel/contract.ts";
import { readBody } from "../google/read-body.ts";
import { isFor, pathOf } from "../google/request-target.ts";
import { answerJson, answerRefusal, RpcRefusal } from "../google/rpc-refusal.ts";
import { type CheckedBytes, crc32c, readCheckedBytes } from "./checked-bytes.ts";
import { KeyVault } from "./key-vault.ts";

const HOST = "cloudkms.googleapis.com";
/** Google's limits for software keys. @see https://cloud.google.com/kms/quotas#data_size_limits */
const MAX_PLAINTEXT_BYTES = 64 * 1024;
const MAX_ADDITIONAL_BYTES = 64 * 1024;
const MAX_CIPHERTEXT_BYTES = MAX_PLAINTEXT_BYTES + 1024;
const MAX_BODY_BYTES = 256 * 1024;

const KEYS = /^\/v1\/projects\/[^/]+\/locations\/[^/]+\/keyRings(?:\/|$)/;
const CALL =
  /^\/v1\/(projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/:]+):(encrypt|decrypt)$/;

/** Cloud KMS over HTTP: encryption and decryption with the program's symmetric keys. */
export class KmsApi implements HttpApi {
  readonly name = "kms";
  readonly #kernel: Kernel;
  readonly #vault: KeyVault;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#vault = new KeyVault(kernel.db, kernel.resources);
  }

  matches(request: IncomingMessage): boolean {
    return isFor(request, [HOST], (path) => KEYS.test(path));
  }

  async handle(principal: Principal, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const [, key, method] = CALL.exec(pathOf(request)) ?? [];
      if (key === undefined || request.method !== "POST") {
        throw new RpcRefusal(
          "UNIMPLEMENTED",
          `The local Cloud KMS has only POST …/cryptoKeys/KEY:encrypt and :decrypt; got ${request.method} ${pathOf(request).slice(0, 200)}.`,
        );
      }
      const body = parse(await readBody(request, MAX_BODY_BYTES));
      answerJson(
        response,
        200,
        method === "encrypt" ? this.#encrypt(principal, key, body) : this.#decrypt(principal, key, body),
      );
    } catch (error) {
      if (response.destroyed || (request.destroyed && !request.complete)) return;
      answerRefusal(response, error);
      request.resume();
    }
  }

  #encrypt(principal: Principal, key: string, body: Readonly<Record<string, unknown>>): object {
    this.#kernel.iam.require(principal, "cloudkms.cryptoKeyVersions.useToEncrypt", key);
    this.#vault.requireKey(key);
    const plaintext = readCheckedBytes(body, "plaintext", MAX_PLAINTEXT_BYTES);
    const additional = readAdditional(body);
    const ciphertext = this.#vault.encrypt(key, plaintext.bytes, additional.bytes);
    return {
      name: `${key}/cryptoKeyVersions/1`,
      ciphertext: ciphertext.toString("base64"),
      ciphertextCrc32c: crc32c(ciphertext),
      verifiedPlaintextCrc32c: plaintext.isVerified,
      verifiedAdditionalAuthenticatedDataCrc32c: additional.isVerified,
      protectionLevel: "SOFTWARE",
    };
  }

  #decrypt(principal: Principal, key: string, body: Readonly<Record<string, unknown>>): object {
    this.#kernel.iam.require(principal, "cloudkms.cryptoKeyVersions.useToDecrypt", key);
    this.#vault.requireKey(key);
    const ciphertext = readCheckedBytes(body, "ciphertext", MAX_CIPHERTEXT_BYTES);
    const additional = readAdditional(body);
    const plaintext = this.#vault.decrypt(key, ciphertext.bytes, additional.bytes);
    return {
      plaintext: plaintext.toString("base64"),
      plaintextCrc32c: crc32c(plaintext),
      usedPrimary: true,
      protectionLevel: "SOFTWARE",
    };
  }
}

function readAdditional(body: Readonly<Record<string, unknown>>): CheckedBytes {
  return readCheckedBytes(body, "additionalAuthenticatedData", MAX_ADDITIONAL_BYTES);
}

function parse(body: Buffer): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw new RpcRefusal("INVALID_ARGUMENT", "Invalid JSON payload received.", { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RpcRefusal("INVALID_ARGUMENT", "Invalid JSON payload received: it must be an object.");
  }
  for (const field of Object.keys(value)) {
    if (!/^(plaintext|ciphertext|additionalAuthenticatedData)(Crc32c)?$/.test(field)) {
      throw new RpcRefusal(
        "INVALID_ARGUMENT",
        `Invalid JSON payload received. Unknown name "${field.slice(0, 100)}".`,
      );
    }
  }
  return value as Readonly<Record<string, unknown>>;
}
