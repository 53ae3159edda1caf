import { type Agent, type IncomingMessage, type ServerResponse, request as send } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Backend } from "./vcl-service.ts";

/** The backend gave no response, or not in time; the message is Fastly's. */
export class OriginFailed extends Error {
  readonly code = "ORIGIN_FAILED";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "OriginFailed";
  }
}

/**
 * Sends a request on, path and query as they came, and waits for the head of the response.
 *
 * @throws {OriginFailed} when there is no head within the backend's first-byte timeout.
 */
export function fetchFromOrigin(
  agent: Agent,
  { firstByteTimeoutMs }: Backend,
  request: IncomingMessage,
  response: ServerResponse,
  headers: string[],
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const isChunked = request.headers["transfer-encoding"] !== undefined;
    const sent = send({
      agent,
      method: request.method ?? "GET",
      path: request.url ?? "/",
      headers: isChunked ? [...headers, "Transfer-Encoding", "chunked"] : headers,
    });
    const late = setTimeout(() => sent.destroy(new Error("first byte timeout")), firstByteTimeoutMs);
    const abandon = () => sent.destroy(new Error("client went away"));
    response.once("close", abandon);
    sent.once("response", (answer) => {
      clearTimeout(late);
      response.off("close", abandon);
      resolve(answer);
    });
    sent.once("error", (error: Error) => {
      clearTimeout(late);
      response.off("close", abandon);
      reject(new OriginFailed(error.message, { cause: error }));
    });
    if (isChunked || request.headers["content-length"] !== undefined) request.pipe(sent);
    else sent.end();
  });
}

/** Streams a response's body on; a backend that stays silent too long between bytes cuts it short. */
export async function relayBody(
  { betweenBytesTimeoutMs }: Backend,
  answer: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const late = setTimeout(() => {
    // A slow client isn't the backend's silence.
    if (response.writableNeedDrain) late.refresh();
    else answer.destroy(new Error("between bytes timeout"));
  }, betweenBytesTimeoutMs);
  answer.on("data", () => late.refresh());
  try {
    await pipeline(answer, response);
  } finally {
    clearTimeout(late);
  }
}
