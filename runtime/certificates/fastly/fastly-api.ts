import { retrying } from "../../workload/deadline.ts";
import type { HttpReply } from "../../workload/send-request.ts";
import { traced } from "../../workload/span.ts";
import { messageOf } from "../../workload/thrown.ts";
import { SYSTEM_TRANSPORT, type Transport } from "../../workload/transport.ts";
import { FastlyError, type FastlyErrorCode } from "./fastly-error.ts";

const REQUEST_DEADLINE_MS = 20_000;
/** Reads are repeated; writes never, because a lost reply may hide a write that was made. */
const READ_RETRIES = { deadlineMs: 30_000, attemptMs: REQUEST_DEADLINE_MS, pauseMs: 500, maxPauseMs: 4_000 };
const MASK = "[secret]";
/** In PEM, whole or cut off. */
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/gs;
const MAX_QUOTED_CHARACTERS = 300;
/** When Fastly's 429 does not say when its hour ends. */
const RATE_LIMIT_WINDOW_MS = 3_600_000;

export interface FastlyApiOptions {
  /** `https://api.fastly.com` */
  readonly endpoint: string;
  readonly token: string;
  /** @default the system's */
  readonly transport?: Transport;
}

export interface FastlyRequest {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** @default "application/json" */
  readonly mediaType?: "application/json" | "application/vnd.api+json";
  readonly signal?: AbortSignal | undefined;
}

export interface FastlyReply {
  readonly status: number;
  /** Parsed JSON; `undefined` where the reply has no body. */
  readonly body: unknown;
}

type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** Fastly's API over HTTP: deadlines, bounded repetition of reads, and failures as `FastlyError`. */
export class FastlyApi {
  readonly #endpoint: string;
  readonly #token: string;
  readonly #transport: Transport;

  constructor({ endpoint, token, transport = SYSTEM_TRANSPORT }: FastlyApiOptions) {
    this.#endpoint = endpoint.replace(/\/$/, "");
    this.#token = token;
    this.#transport = transport;
  }

  /** Answers with any 2xx and, for reads and removals of what is not there, 404. @throws {FastlyError} for the rest. */
  async request(method: Method, path: string, request: FastlyRequest = {}): Promise<FastlyReply> {
    const send = () => traced(`Fastly ${method} ${path}`, () => this.#send(method, path, request));
    if (method !== "GET") return send();
    const isTransient = (error: unknown) =>
      error instanceof FastlyError && error.code === "FASTLY_UNAVAILABLE" && !request.signal?.aborted;
    const { clock } = this.#transport;
    return retrying({ what: `Fastly ${method} ${path}`, ...READ_RETRIES, isTransient, clock }, send);
  }

  async #send(method: Method, path: string, request: FastlyRequest): Promise<FastlyReply> {
    const { query = {}, body, mediaType = "application/json", signal } = request;
    const url = new URL(this.#endpoint + path);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    let reply: HttpReply;
    try {
      reply = await this.#transport.send(url, {
        method,
        headers: {
          "fastly-key": this.#token,
          accept: mediaType,
          ...(body !== undefined && { "content-type": mediaType }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        deadlineMs: REQUEST_DEADLINE_MS,
        signal,
      });
    } catch (cause) {
      const because = `no answer (${messageOf(cause)})`;
      throw new FastlyError("FASTLY_UNAVAILABLE", `Fastly ${method} ${path}: ${because}.`, { cause });
    }
    const { status } = reply;
    const isDone = status >= 200 && status < 300;
    if (isDone || (status === 404 && (method === "GET" || method === "DELETE"))) {
      return { status, body: parse(method, path, reply.body.toString("utf8")) };
    }
    throw failure(method, path, this.#quotable(reply), reply, this.#transport.clock.now());
  }

  /** The start of what was said, without what was sent: an answer may repeat it. */
  #quotable({ body }: HttpReply): string {
    return body
      .toString("utf8")
      .replaceAll(this.#token, MASK)
      .replaceAll(PRIVATE_KEY, MASK)
      .slice(0, MAX_QUOTED_CHARACTERS)
      .replaceAll(/\s+/g, " ")
      .trim();
  }
}

function parse(method: string, path: string, text: string): unknown {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FastlyError("FASTLY_UNAVAILABLE", `Fastly ${method} ${path}: the reply is not JSON.`, {
      cause,
    });
  }
}

function failure(method: string, path: string, said: string, reply: HttpReply, now: Date): FastlyError {
  const { status } = reply;
  const message = `Fastly ${method} ${path}: ${status}${said && ` ${said}`}`;
  if (status === 429)
    return new FastlyError("FASTLY_RATE_LIMITED", message, { status, dueAt: dueAt(reply, now.getTime()) });
  return new FastlyError(codeOf(status), message, { status });
}

function codeOf(status: number): FastlyErrorCode {
  if (status === 401 || status === 403) return "FASTLY_DENIED";
  return status >= 500 || status === 408 ? "FASTLY_UNAVAILABLE" : "FASTLY_REFUSED";
}

/** `Fastly-RateLimit-Reset` is in seconds since 1970. */
function dueAt({ headers }: HttpReply, now: number): Date {
  const reset = Number(headers["fastly-ratelimit-reset"]);
  if (!Number.isFinite(reset) || reset * 1000 <= now) return new Date(now + RATE_LIMIT_WINDOW_MS);
  return new Date(Math.min(reset * 1000, now + RATE_LIMIT_WINDOW_MS));
}
