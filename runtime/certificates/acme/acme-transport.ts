import type { IncomingHttpHeaders } from "node:http";
import { type HttpReply, type OutgoingRequest, sendRequest } from "../../workload/send-request.ts";
import { traced } from "../../workload/span.ts";
import { codeOf } from "../../workload/thrown.ts";
import { AcmeProblem, parseRetryAfter } from "./acme-problem.ts";
import { CaUnavailable } from "./certificate-authority.ts";

const REQUEST_DEADLINE_MS = 30_000;
const USER_AGENT = "customer-domain-platform/1 acme-client/5.4.0";
/** CAs forget nonces: Let's Encrypt's live for minutes. A nonce that the CA forgot costs a repeated request. */
const NONCE_LIFETIME_MS = 60_000;
const MAX_NONCES = 64;
/** Codes of connections that were never made. */
const NOTHING_SENT = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"];
const BAD_NONCE = "urn:ietf:params:acme:error:badNonce";

export interface AcmeReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed where the reply is JSON, text otherwise. */
  readonly data: unknown;
}

/** What acme-client's HTTP client is asked to send. */
export interface AcmeRequest {
  readonly data?: unknown;
}

/**
 * Sends acme-client's requests. In place of its own way out, because that one repeats a refused
 * POST with the nonce it already spent, sleeps for as long as the CA says, and hides the cause of a
 * broken connection. Here a request is made once, has a deadline, and a refusal is an `AcmeProblem`.
 * A nonce that comes with a reply is kept for the next request, which saves a round trip each.
 */
export class AcmeTransport {
  readonly #deadlineMs: number;
  readonly #nonces: { readonly nonce: string; readonly at: number }[] = [];

  constructor(deadlineMs: number = REQUEST_DEADLINE_MS) {
    this.#deadlineMs = deadlineMs;
  }

  request(url: string, method: string, request: AcmeRequest = {}): Promise<AcmeReply> {
    const what = `${method.toUpperCase()} ${url}`;
    return traced(`CA ${what}`, () => this.#send(url, method, what, request));
  }

  async #send(url: string, method: string, what: string, { data }: AcmeRequest): Promise<AcmeReply> {
    const isWrite = method.toUpperCase() === "POST";
    let answer: HttpReply;
    try {
      answer = await sendRequest(url, {
        method: method.toUpperCase() as OutgoingRequest["method"],
        headers: {
          "user-agent": USER_AGENT,
          ...(data !== undefined && { "content-type": "application/jose+json" }),
        },
        ...(data !== undefined && { body: JSON.stringify(data) }),
        deadlineMs: this.#deadlineMs,
      });
    } catch (cause) {
      // The next request asks for a nonce first, so that no write is sent to a CA that is still away.
      this.#nonces.length = 0;
      const mayHaveTakenEffect = isWrite && !NOTHING_SENT.includes(codeOf(cause) ?? "");
      throw new CaUnavailable(`The CA gave no answer to ${what}`, { cause, mayHaveTakenEffect });
    }
    const { status } = answer;
    const headers = plain(answer.headers);
    const reply: AcmeReply = { status, headers, data: parse(headers, answer.body, what, isWrite) };
    const badNonce = status === 400 && typeOf(reply.data) === BAD_NONCE;
    // acme-client spends this reply's nonce itself when it repeats the request.
    if (badNonce) return reply;
    if (isWrite) this.#keep(reply.headers["replay-nonce"]);
    if (status < 200 || status > 299) throw toProblem(reply);
    return reply;
  }

  /** A nonce from an earlier reply, each given out once. */
  takeNonce(): string | undefined {
    const oldest = Date.now() - NONCE_LIFETIME_MS;
    const newest = this.#nonces.pop();
    if (newest && newest.at >= oldest) return newest.nonce;
    // The newest is too old, so the others are.
    this.#nonces.length = 0;
    return undefined;
  }

  #keep(nonce: string | undefined) {
    if (nonce === undefined) return;
    if (this.#nonces.length >= MAX_NONCES) this.#nonces.shift();
    this.#nonces.push({ nonce, at: Date.now() });
  }
}

export function toProblem({ data, status, headers }: AcmeReply): AcmeProblem {
  return new AcmeProblem(data, status, { retryAfter: parseRetryAfter(headers["retry-after"]) });
}

function typeOf(data: unknown): unknown {
  return typeof data === "object" && data !== null && "type" in data ? data.type : undefined;
}

function parse(headers: AcmeReply["headers"], bytes: Buffer, what: string, isWrite: boolean): unknown {
  const body = bytes.toString("utf8");
  // A reply to HEAD says that it is JSON, and has no body.
  if (body === "") return body;
  if (!/^application\/(?:[a-z.]+\+)?json\b/.test(headers["content-type"] ?? "")) return body;
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new CaUnavailable(`The CA's answer to ${what} is not JSON`, { cause, mayHaveTakenEffect: isWrite });
  }
}

/** Of a header that may come several times, such as `Link`, the values as one list. */
function plain(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value = ""]) => [
      name,
      Array.isArray(value) ? value.join(", ") : value,
    ]),
  );
}
