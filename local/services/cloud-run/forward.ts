import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { HOP_BY_HOP } from "../../kernel/hop-by-hop.ts";
import { type Call, header, type Reply, refusal } from "./exchange.ts";

/** Cloud Run's limits for HTTP/1: of requests, and of responses that are not streamed. @see https://cloud.google.com/run/quotas */
const MAX_REQUEST_BYTES = 32 * 1024 * 1024;
const MAX_RESPONSE_BYTES = 32 * 1024 * 1024;
/** Of an answer that ends an exchange; Node keeps those before it to itself. */
const LOWEST_STATUS = 200;

/** The front end has answered `Expect` already. */
const NOT_FORWARDED = new Set([...HOP_BY_HOP, "expect"]);

/** The instance went away, or broke HTTP, before its answer's headers were complete. */
export class BrokenInstance extends Error {
  readonly code = "BROKEN_INSTANCE";

  constructor(cause: Error) {
    super(
      "The request failed because either the HTTP response was malformed or connection to the instance had an error.",
      { cause },
    );
    this.name = "BrokenInstance";
  }
}

/**
 * Sends a call to the instance on `port` and streams both ways. Resolves with the answer's
 * headers; its body is the instance's stream, which fails when the instance does or when
 * `call.signal` aborts. Each call has a connection of its own: a kept one could be closed by
 * the instance at the very moment of use.
 *
 * @throws {BrokenInstance}, or `call.signal`'s reason.
 */
export function forward(port: number, call: Call): Promise<Reply> {
  const { method, url, body, signal } = call;
  if (Number(header(call.headers, "content-length") ?? 0) > MAX_REQUEST_BYTES)
    return Promise.resolve(tooLarge());
  return new Promise((resolve, reject) => {
    const headers = endToEnd(call.headers);
    if (header(call.headers, "transfer-encoding")) headers.push("Transfer-Encoding", "chunked");
    headers.push("Connection", "close");
    const upstream = request({ host: "127.0.0.1", port, method, path: url, headers, agent: false });
    upstream.maxHeadersCount = 0;
    let answer: IncomingMessage | undefined;
    const abort = () => {
      answer?.destroy(signal.reason);
      upstream.destroy(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    const fail = (error: Error) => reject(signal.aborted ? signal.reason : new BrokenInstance(error));
    upstream.once("close", () => {
      signal.removeEventListener("abort", abort);
      // Node tells nobody when it closes the connection of an instance that switches protocols unasked.
      if (!answer) fail(new Error("the connection closed without an answer"));
    });
    upstream.once("response", (response) => {
      answer = response;
      // Who reads the body sees its errors; until somebody does, and if nobody does, they end here.
      response.on("error", () => undefined);
      const { statusCode: status = 0 } = response;
      if (status < LOWEST_STATUS) {
        fail(new Error(`the status must be ${LOWEST_STATUS} or more; got ${status}`));
        upstream.destroy();
        return;
      }
      if (Number(response.headers["content-length"] ?? 0) > MAX_RESPONSE_BYTES) {
        resolve(refusal(500, "Response size was too large. Please consider reducing response size."));
        upstream.destroy();
        return;
      }
      const { socket } = response;
      resolve({
        status,
        headers: endToEnd(response.rawHeaders),
        body: response,
        bytes: () => ({ request: socket.bytesWritten, response: socket.bytesRead }),
      });
    });
    upstream.on("error", fail);
    send(body, upstream, () => {
      resolve(tooLarge());
      upstream.destroy();
    });
    // Before the body: an instance may well answer one that never comes.
    if (announcesBody(call.headers)) upstream.flushHeaders();
    if (signal.aborted) abort();
  });
}

function announcesBody(headers: readonly string[]): boolean {
  return (
    Number(header(headers, "content-length") ?? 0) > 0 || header(headers, "transfer-encoding") !== undefined
  );
}

/** Not `pipeline`: that would destroy the caller's socket with the instance's, and no reply could be sent. */
function send(body: Call["body"], upstream: ClientRequest, onTooLarge: () => void): void {
  let bytes = 0;
  body.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_REQUEST_BYTES) {
      onTooLarge();
    } else if (!upstream.destroyed && !upstream.write(chunk)) {
      body.pause();
      const resume = () => {
        upstream.off("drain", resume).off("close", resume);
        body.resume();
      };
      upstream.on("drain", resume).on("close", resume);
    }
  });
  body.once("end", () => upstream.end());
  body.once("error", (error) => upstream.destroy(error));
}

function endToEnd(headers: readonly string[]): string[] {
  const named = new Set(
    (header(headers, "connection") ?? "").split(",").map((name) => name.trim().toLowerCase()),
  );
  const kept: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? "";
    if (!NOT_FORWARDED.has(name.toLowerCase()) && !named.has(name.toLowerCase()))
      kept.push(name, headers[at + 1] ?? "");
  }
  return kept;
}

function tooLarge(): Reply {
  // The connection stays open: closing it on a client that still sends would reset it, the answer with it.
  return refusal(413, `The request must be at most ${MAX_REQUEST_BYTES} bytes.`);
}
