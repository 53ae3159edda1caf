import * as z from "zod";
import { retrying } from "../workload/deadline.ts";
import { Secret } from "../workload/secret.ts";
import { traced } from "../workload/span.ts";
import { SYSTEM_TRANSPORT, type Transport } from "../workload/transport.ts";
import { type AccessTokens, NoAccessToken } from "./access-tokens.ts";
import { crc32c } from "./crc32c.ts";
import { GoogleApi, GoogleApiError } from "./google-api.ts";

const REQUEST_DEADLINE_MS = 10_000;
/** Wrapping is free of effects, so it can be repeated; the end leaves time for the rest of a delivery. */
const RETRIES = { deadlineMs: 30_000, attemptMs: REQUEST_DEADLINE_MS, pauseMs: 300, maxPauseMs: 5_000 };

const encryptSchema = z.object({
  ciphertext: z.base64(),
  ciphertextCrc32c: z.coerce.number(),
  verifiedPlaintextCrc32c: z.literal(true),
  verifiedAdditionalAuthenticatedDataCrc32c: z.literal(true),
});
const decryptSchema = z.object({ plaintext: z.base64(), plaintextCrc32c: z.coerce.number() });

/** Cloud KMS did not do it. `status` is absent without an answer. */
export class KmsError extends Error {
  readonly code = "KMS";
  readonly status: number | undefined;

  constructor(message: string, status?: number, options?: ErrorOptions) {
    super(message, options);
    this.name = "KmsError";
    this.status = status;
  }
}

/** Encrypts data keys under a key that never leaves Cloud KMS. */
export interface KeyWrapper {
  /** @throws {KmsError} @throws {NoAccessToken} */
  wrap(dataKey: Secret<Buffer>, additionalData: Buffer): Promise<Buffer>;
  /** Refuses, as KMS does with 400, a wrapped key whose additional data are others. @throws {KmsError} @throws {NoAccessToken} */
  unwrap(wrapped: Buffer, additionalData: Buffer): Promise<Secret<Buffer>>;
}

export interface KeyWrapperOptions {
  /** `https://cloudkms.googleapis.com` */
  readonly endpoint: string;
  /** `projects/P/locations/L/keyRings/R/cryptoKeys/K` */
  readonly key: string;
  readonly tokens: AccessTokens;
  /** @default the system's */
  readonly transport?: Transport;
}

/**
 * Over KMS's REST interface, with its checksums both ways, so that no bit flips on the way into a
 * ciphertext that nobody can open later.
 *
 * @see https://cloud.google.com/kms/docs/data-integrity-guidelines
 */
export function openKeyWrapper({
  endpoint,
  key,
  tokens,
  transport = SYSTEM_TRANSPORT,
}: KeyWrapperOptions): KeyWrapper {
  const api = new GoogleApi({ endpoint, tokens, transport });
  const { clock } = transport;
  const call = <T>(method: "encrypt" | "decrypt", body: object, schema: z.ZodType<T>): Promise<T> => {
    const what = `KMS ${method} with ${key}`;
    const isTransient = (error: unknown) =>
      error instanceof KmsError &&
      (error.status === undefined || error.status === 429 || error.status >= 500);
    const request = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      deadlineMs: REQUEST_DEADLINE_MS,
    } as const;
    return retrying({ what, ...RETRIES, isTransient, clock }, async () => {
      const reply = await traced(`KMS ${method}`, () => api.request(`/v1/${key}:${method}`, request)).catch(
        (cause: unknown) => {
          throw toKmsError(what, cause);
        },
      );
      const answer = parse(what, reply.body.toString("utf8"));
      const parsed = schema.safeParse(answer);
      // A missing or wrong checksum is what Google says to repeat.
      if (!parsed.success)
        throw new KmsError(`${what}: the answer is not as documented. ${z.prettifyError(parsed.error)}`);
      return parsed.data;
    });
  };

  return {
    async wrap(dataKey, additionalData) {
      const plaintext = dataKey.reveal();
      const answer = await call(
        "encrypt",
        {
          plaintext: plaintext.toString("base64"),
          plaintextCrc32c: String(crc32c(plaintext)),
          ...additional(additionalData),
        },
        encryptSchema.refine(
          ({ ciphertext, ciphertextCrc32c }) =>
            crc32c(Buffer.from(ciphertext, "base64")) === ciphertextCrc32c,
          { path: ["ciphertextCrc32c"], error: "is not the checksum of the ciphertext" },
        ),
      );
      return Buffer.from(answer.ciphertext, "base64");
    },

    async unwrap(wrapped, additionalData) {
      const answer = await call(
        "decrypt",
        {
          ciphertext: wrapped.toString("base64"),
          ciphertextCrc32c: String(crc32c(wrapped)),
          ...additional(additionalData),
        },
        decryptSchema.refine(
          ({ plaintext, plaintextCrc32c }) => crc32c(Buffer.from(plaintext, "base64")) === plaintextCrc32c,
          { path: ["plaintextCrc32c"], error: "is not the checksum of the plaintext" },
        ),
      );
      return new Secret(Buffer.from(answer.plaintext, "base64"));
    },
  };
}

function additional(data: Buffer) {
  return {
    additionalAuthenticatedData: data.toString("base64"),
    additionalAuthenticatedDataCrc32c: String(crc32c(data)),
  };
}

function toKmsError(what: string, cause: unknown): Error {
  if (cause instanceof NoAccessToken) return cause;
  if (cause instanceof GoogleApiError) return new KmsError(`${what}: ${cause.message}`, cause.code);
  return new KmsError(`${what}: no answer.`, undefined, { cause });
}

function parse(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new KmsError(`${what}: the answer is not JSON.`, undefined, { cause });
  }
}
