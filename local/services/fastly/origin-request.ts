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
    sent.maxHeadersCount = 0;
    // A request that still waits for its connection tells its end only when it has one.
    const end = (error: Error) => {
      clearTimeout(late);
      response.off("close", abandon);
      sent.destroy(error);
      reject(new OriginFailed(error.message, { cause: error }));
    };
    const late = setTimeout(() => end(new Error("first byte timeout")), firstByteTimeoutMs);
    const abandon = () => end(new Error("client went away"));
    response.once("close", abandon);
    sent.once("response", (answer) => {
      clearTimeout(late);
      response.off("close", abandon);
      resolve(answer);
    });
    sent.on("error", end);
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
