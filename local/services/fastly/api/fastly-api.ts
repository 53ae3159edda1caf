import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { answerText } from "../../../kernel/answer-text.ts";
import type { Kernel, Part } from "../../../kernel/contract.ts";
import { openPort } from "../../../kernel/open-port.ts";
import type { FastlyStore } from "../fastly-store.ts";
import { activations } from "./activations.ts";
import { ApiError, badRequest } from "./api-error.ts";
import { certificates } from "./certificates.ts";
import { configurations } from "./configurations.ts";
import { domains } from "./domains.ts";
import type { Endpoint, Reply } from "./endpoint.ts";
import { privateKeys } from "./private-keys.ts";
import { WriteBudget } from "./write-budget.ts";

const LARGEST_BODY = 256 * 1024;
const LONGEST_DISCARDED = 4 * 1024 * 1024;
/** @see https://www.fastly.com/documentation/reference/api/#rate-limiting */
const WRITES_PER_HOUR = 1_000;
const NAMES = ["api.fastly.com", "localhost", "127.0.0.1"];

export interface FastlyApiOptions {
  /** The one token that `Fastly-Key` may carry. */
  readonly apiToken: string;
  /** @default 1000, Fastly's own. */
  readonly writesPerHour?: number;
}

export interface Fault {
  readonly method: string;
  /** Of the path, without the query. */
  readonly path: RegExp;
  readonly status: number;
  /** @default 1 */
  readonly times?: number;
  /** Carry the call out before failing it, as when a reply is lost. @default false */
  readonly afterEffect?: boolean;
}

/** api.fastly.com, as far as custom TLS and versionless domains go; any other path is a 404. */
export class FastlyApi implements Part {
  readonly name = "fastly-api";
  readonly #kernel: Kernel;
  readonly #endpoints: readonly Endpoint[];
  readonly #tokenHash: Buffer;
  readonly #budget: WriteBudget;
  #faults: { readonly fault: Fault; left: number }[] = [];
  #server: Server | undefined;
  #port = 0;

  constructor(
    kernel: Kernel,
    store: FastlyStore,
    { apiToken, writesPerHour = WRITES_PER_HOUR }: FastlyApiOptions,
  ) {
    if (apiToken === "") throw new Error("The Fastly API's apiToken must not be empty.");
    this.#kernel = kernel;
    this.#tokenHash = hash(apiToken);
    this.#budget = new WriteBudget(writesPerHour);
    this.#endpoints = [
      privateKeys(store),
      certificates(store),
      activations(store),
      configurations,
      domains(store, kernel.resources),
    ];
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    const server = createServer(await this.#kernel.authority.issue(NAMES), (request, response) => {
      void this.#serve(request, response);
    });
    this.#server = server;
    this.#port = await openPort(server, this.#kernel.ports.fastlyApi, "fastlyApi");
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (!server?.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  /** Makes the next matching calls fail, for tests of who calls. */
  failNext(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = "/", search] = (request.url ?? "/").split("?", 2);
    const query = new URLSearchParams(search);
    const method = request.method ?? "GET";
    const isWrite = method !== "GET" && method !== "HEAD";
    try {
      const token = request.headers["fastly-key"];
      if (typeof token !== "string" || !timingSafeEqual(hash(token), this.#tokenHash)) {
        return send(response, 401, { msg: "Provided credentials are missing or invalid" });
      }
      if (isWrite) {
        const { allowed, remaining, resetSeconds } = this.#budget.spend(Date.now());
        response.setHeader("Fastly-RateLimit-Remaining", remaining);
        response.setHeader("Fastly-RateLimit-Reset", resetSeconds);
        if (!allowed) return send(response, 429, { msg: "API rate limit exceeded" });
      }
      const fault = this.#takeFault(method, path);
      if (fault && !fault.afterEffect) return send(response, fault.status, { msg: "Injected fault" });
      const { status, body } = await this.#dispatch(method, path, query, request);
      if (fault) return send(response, fault.status, { msg: "Injected fault" });
      send(response, status, body, this.#endpointOf(path)?.mediaType);
    } catch (error) {
      this.#refuse(response, path, error);
    }
  }

  async #dispatch(
    method: string,
    path: string,
    query: URLSearchParams,
    request: IncomingMessage,
  ): Promise<Reply> {
    const endpoint = this.#endpointOf(path);
    if (!endpoint) throw new ApiError(404, "Not found", `The local Fastly API has no ${path}.`);
    const id = path === endpoint.path ? undefined : path.slice(endpoint.path.length + 1);
    const call = { method, path, query, body: await readBody(request, endpoint.mediaType) };
    const reply =
      id === undefined
        ? method === "GET"
          ? endpoint.list(call)
          : method === "POST" && endpoint.create?.(call)
        : (method === "GET" && endpoint.get?.(id)) ||
          (method === "PATCH" && endpoint.change?.(id, call)) ||
          (method === "DELETE" && endpoint.remove?.(id));
    if (!reply) throw new ApiError(405, "Method not allowed", `${method} ${path} is not allowed.`);
    return reply;
  }

  #endpointOf(path: string): Endpoint | undefined {
    return this.#endpoints.find((endpoint) => {
      const rest = path.startsWith(endpoint.path) ? path.slice(endpoint.path.length) : undefined;
      return rest === "" || (rest !== undefined && /^\/[^/]+$/.test(rest));
    });
  }

  #takeFault(method: string, path: string): Fault | undefined {
    const found = this.#faults.find(({ fault }) => fault.method === method && fault.path.test(path));
    if (!found) return undefined;
    found.left -= 1;
    if (found.left <= 0) this.#faults = this.#faults.filter((fault) => fault !== found);
    return found.fault;
  }

  #refuse(response: ServerResponse, path: string, error: unknown): void {
    if (error instanceof ApiError) {
      const { status, title, message: detail } = error;
      const mediaType = this.#endpointOf(path)?.mediaType;
      send(response, status, { errors: [{ title, detail, status: String(status) }] }, mediaType);
      return;
    }
    this.#kernel.logging.write({
      severity: "ERROR",
      message: `${path}: ${String(error)}`,
      source: this.name,
    });
    if (response.headersSent) response.destroy();
    else send(response, 500, { msg: "Internal error" });
  }
}

/** @throws {ApiError} 413, 415 or 400. */
async function readBody(request: IncomingMessage, mediaType: string): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Read on for a while, so that the refusal is read and not met by a closed connection.
    if (size > LONGEST_DISCARDED) break;
    if (size <= LARGEST_BODY) chunks.push(chunk);
  }
  if (size > LARGEST_BODY) {
    throw new ApiError(413, "Payload too large", `A body must be ${LARGEST_BODY} bytes at most.`);
  }
  if (size === 0) return undefined;
  const given = request.headers["content-type"]?.split(";")[0]?.trim();
  if (given !== mediaType) {
    throw new ApiError(
      415,
      "Unsupported media type",
      `Content-Type must be ${mediaType}; got ${given ?? "none"}.`,
    );
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw badRequest("The body must be JSON.");
  }
}

function send(response: ServerResponse, status: number, body: unknown, mediaType = "application/json"): void {
  if (body === undefined) return void response.writeHead(status).end();
  answerText(response, status, mediaType, JSON.stringify(body));
}

/** Of equal length, whatever the token's. */
function hash(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
