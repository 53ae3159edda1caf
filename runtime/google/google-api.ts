import type { HttpReply, OutgoingRequest } from "../workload/send-request.ts";
import { traceHeaders } from "../workload/span.ts";
import { codeOf } from "../workload/thrown.ts";
import { SYSTEM_TRANSPORT, type Transport } from "../workload/transport.ts";
import { type AccessTokens, NoAccessToken } from "./access-tokens.ts";

const MAX_QUOTED_CHARACTERS = 300;
const TRANSIENT_STATUSES = new Set([408, 429, 500, 502, 503, 504]);
const TRANSIENT_CODES = new Set(["ECONNRESET", "ECONNREFUSED", "EPIPE", "ETIMEDOUT", "EAI_AGAIN"]);

/** An answer that says no, in Google's words. */
export class GoogleApiError extends Error {
  /** HTTP's status. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = "GoogleApiError";
    this.code = code;
  }
}

export interface GoogleApiOptions {
  /** `https://storage.googleapis.com` */
  readonly endpoint: string;
  /** Absent for an emulator, which asks for none. */
  readonly tokens?: AccessTokens | undefined;
  /** @default the system's */
  readonly transport?: Transport | undefined;
}

/**
 * One of Google's JSON APIs, called as the workload's own account. Google's client libraries do
 * this too, for several times the CPU of a call and most of a workload's start-up and bytes.
 */
export class GoogleApi {
  readonly #endpoint: string;
  readonly #tokens: AccessTokens | undefined;
  readonly #transport: Transport;

  constructor({ endpoint, tokens, transport = SYSTEM_TRANSPORT }: GoogleApiOptions) {
    this.#endpoint = endpoint.replace(/\/$/, "");
    this.#tokens = tokens;
    this.#transport = transport;
  }

  /** @throws {GoogleApiError} for any answer but 2xx. @throws {NoAccessToken} @throws what the transport does */
  async request(path: string, { headers, ...request }: OutgoingRequest): Promise<HttpReply> {
    const token = await this.#tokens?.get();
    const reply = await this.#transport.send(this.#endpoint + path, {
      ...request,
      headers: {
        ...traceHeaders(),
        ...headers,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
    });
    if (reply.status >= 200 && reply.status < 300) return reply;
    throw new GoogleApiError(reply.status, `${reply.status} ${saidIn(reply.body.toString("utf8"))}`);
  }
}

/** Whether the same call may succeed in a moment. */
export function isTransient(error: unknown): boolean {
  if (error instanceof GoogleApiError) return TRANSIENT_STATUSES.has(error.code);
  if (error instanceof NoAccessToken) return true;
  return TRANSIENT_CODES.has(codeOf(error) ?? "");
}

/** @see https://cloud.google.com/apis/design/errors#http_mapping */
function saidIn(text: string): string {
  try {
    const { error } = JSON.parse(text) as { readonly error?: { readonly message?: unknown } };
    if (typeof error?.message === "string") return error.message;
  } catch {
    // Not JSON: a proxy's page, say.
  }
  return text.slice(0, MAX_QUOTED_CHARACTERS).replaceAll(/\s+/g, " ").trim();
}
