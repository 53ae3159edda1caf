import { retrying } from "../../service/deadline.ts";
import { FastlyError, type FastlyErrorCode } from "./fastly-error.ts";

const REQUEST_DEADLINE_MS = 20_000;
/** Reads are repeated; writes never, because a lost reply may hide a write that was made. */
const READ_RETRIES = { deadlineMs: 30_000, attemptMs: REQUEST_DEADLINE_MS, pauseMs: 500, maxPauseMs: 4_000 };
const MAX_REPLY_BYTES = 4 * 1024 * 1024;
const MAX_QUOTED_CHARACTERS = 300;
/** When Fastly's 429 does not say when its hour ends. */
const RATE_LIMIT_WINDOW_MS = 3_600_000;

export interface FastlyApiOptions {
  /** `https://api.fastly.com` */
  readonly endpoint: string;
  readonly token: string;
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

  constructor({ endpoint, token }: FastlyApiOptions) {
    this.#endpoint = endpoint.replace(/\/$/, "");
    this.#token = token;
  }

  /** Answers with any 2xx and, for reads and removals of what is not there, 404. @throws {FastlyError} for the rest. */
  async request(method: Method, path: string, request: FastlyRequest = {}): Promise<FastlyReply> {
    if (method !== "GET") return this.#send(method, path, request);
    const isTransient = (error: unknown) =>
      error instanceof FastlyError && error.code === "FASTLY_UNAVAILABLE" && !request.signal?.aborted;
    return retrying({ what: `Fastly ${method} ${path}`, ...READ_RETRIES, isTransient }, () =>
      this.#send(method, path, request),
    );
  }

  async #send(method: Method, path: string, request: FastlyRequest): Promise<FastlyReply> {
    const { query = {}, body, mediaType = "application/json", signal } = request;
    const url = new URL(this.#endpoint + path);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const deadline = AbortSignal.timeout(REQUEST_DEADLINE_MS);
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, {
        method,
        redirect: "error",
        headers: {
          "fastly-key": this.#token,
          accept: mediaType,
          ...(body !== undefined && { "content-type": mediaType }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: signal ? AbortSignal.any([deadline, signal]) : deadline,
      });
      text = await readText(response);
    } catch (cause) {
      throw new FastlyError(
        "FASTLY_UNAVAILABLE",
        `Fastly ${method} ${path}: no answer (${reasonOf(cause)}).`,
        {
          cause,
        },
      );
    }
    if (response.ok || (response.status === 404 && (method === "GET" || method === "DELETE"))) {
      return { status: response.status, body: parse(method, path, text) };
    }
    throw failure(method, path, response, text);
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_REPLY_BYTES) throw new Error(`the reply is over ${MAX_REPLY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
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

function failure(method: string, path: string, response: Response, text: string): FastlyError {
  const { status } = response;
  const said = text.slice(0, MAX_QUOTED_CHARACTERS).replaceAll(/\s+/g, " ").trim();
  const message = `Fastly ${method} ${path}: ${status}${said && ` ${said}`}`;
  if (status === 429)
    return new FastlyError("FASTLY_RATE_LIMITED", message, { status, dueAt: dueAt(response) });
  return new FastlyError(codeOf(status), message, { status });
}

function codeOf(status: number): FastlyErrorCode {
  if (status === 401 || status === 403) return "FASTLY_DENIED";
  return status >= 500 || status === 408 ? "FASTLY_UNAVAILABLE" : "FASTLY_REFUSED";
}

/** `Fastly-RateLimit-Reset` is in seconds since 1970. */
function dueAt(response: Response): Date {
  const reset = Number(response.headers.get("fastly-ratelimit-reset"));
  const now = Date.now();
  if (!Number.isFinite(reset) || reset * 1000 <= now) return new Date(now + RATE_LIMIT_WINDOW_MS);
  return new Date(Math.min(reset * 1000, now + RATE_LIMIT_WINDOW_MS));
}

/** fetch says only "fetch failed"; what failed is in its cause. */
function reasonOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  if ("cause" in error && error.cause !== undefined) return reasonOf(error.cause);
  return "message" in error ? String(error.message) : "unknown";
}
