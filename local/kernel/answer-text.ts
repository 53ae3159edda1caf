import type { ServerResponse } from "node:http";

/** Answers with a body that is whole. Its length is said, or Node would send it in chunks, each a packet of its own. */
export function answerText(
  response: ServerResponse,
  status: number,
  contentType: string,
  text: string,
): void {
  response
    .writeHead(status, { "Content-Type": contentType, "Content-Length": Buffer.byteLength(text) })
    .end(text);
}
