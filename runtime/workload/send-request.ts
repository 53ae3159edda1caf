import { Agent, type IncomingHttpHeaders, request as requestHttp } from "node:http";
import { request as requestHttps, Agent as TlsAgent } from "node:https";
import { DeadlineExceeded } from "./deadline.ts";

/** Less than servers keep an idle connection, so that none is closed by its other end at the moment of use. */
const IDLE_MS = 4_000;
/** To one origin, at once; requests beyond them wait within their deadlines. */
const MAX_CONNECTIONS = 100;
const MAX_REPLY_BYTES = 4 * 1024 * 1024;
/** Final answers are 200 and up; informational ones before them Node does not hand over. */
const LOWEST_STATUS = 200;

const connections = { keepAlive: true, timeout: IDLE_MS, maxSockets: MAX_CONNECTIONS };
const agents = { "http:": new Agent(connections), "https:": new TlsAgent(connections) };
let inFlight = 0;
let restingSince = 0;

export interface OutgoingRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PATCH" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** For the whole exchange. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * One HTTP request over kept connections; follows no redirect and repeats nothing. It costs a
 * quarter of the CPU of `fetch`, which workloads of many small requests spend most of theirs on.
 *
 * @returns any answer, whatever its status, whole.
 * @throws {DeadlineExceeded} @throws {Error} with the system's `code` when there is none, or the signal's reason.
 */
export async function sendRequest(url: string | URL, outgoing: OutgoingRequest): Promise<HttpReply> {
  outgoing.signal?.throwIfAborted();
  dropStaleConnections();
  inFlight++;
  try {
    return await exchange(new URL(url), outgoing);
  } finally {
    inFlight--;
    restingSince = Date.now();
  }
}

/**
 * Cloud Run freezes an instance between requests, with the timers that close its idle connections:
 * when it wakes, the other ends have long closed theirs.
 */
function dropStaleConnections(): void {
  if (inFlight > 0 || Date.now() - restingSince < IDLE_MS) return;
  for (const agent of Object.values(agents)) agent.destroy();
}

function exchange(
  url: URL,
  { method, headers, body, deadlineMs, signal }: OutgoingRequest,
): Promise<HttpReply> {
  const isTls = url.protocol === "https:";
  if (!isTls && url.protocol !== "http:") throw new TypeError(`A URL must be http or https; got "${url}".`);
  return new Promise((resolve, reject) => {
    const request = (isTls ? requestHttps : requestHttp)(url, {
      method,
      agent: agents[isTls ? "https:" : "http:"],
      headers: { ...headers, ...(body !== undefined && { "content-length": Buffer.byteLength(body) }) },
    });
    let stoppedFor: Error | undefined;
    const stop = (reason: Error) => {
      stoppedFor = reason;
      request.destroy(reason);
    };
    // The stream's own error says only that the response was cut short, not why.
    const fail = (error: Error) => reject(stoppedFor ?? error);
    const timer = setTimeout(() => stop(new DeadlineExceeded(`${method} ${url}`, deadlineMs)), deadlineMs);
    const onAbort = () => stop(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    let isAnswered = false;
    request.once("close", () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      // Where a server switches protocols unasked, Node closes the connection without an error.
      if (!isAnswered) fail(new Error("the connection closed without an answer"));
    });
    request.once("error", fail);
    request.once("response", (response) => {
      isAnswered = true;
      const { statusCode: status = 0 } = response;
      if (status < LOWEST_STATUS)
        stop(new Error(`the status must be ${LOWEST_STATUS} or more; got ${status}`));
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_REPLY_BYTES) stop(new Error(`the reply is over ${MAX_REPLY_BYTES} bytes`));
        else chunks.push(chunk);
      });
      response.once("error", fail);
      response.once("end", () => resolve({ status, headers: response.headers, body: Buffer.concat(chunks) }));
    });
    request.end(body);
  });
}
