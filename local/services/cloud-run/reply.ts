import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Reply } from "./exchange.ts";

/** What `readBody` returns at most: enough for a log line. */
const MAX_BODY_BYTES = 64 * 1024;

/** Sends a reply to who asked over HTTP. */
export async function writeReply({ status, headers, body }: Reply, response: ServerResponse): Promise<void> {
  if (response.destroyed) {
    if (typeof body !== "string") body.destroy();
    return;
  }
  response.writeHead(status, [...headers]);
  if (typeof body === "string") response.end(body);
  // A client or an instance that goes away midway cuts the other's connection too; the request log has it.
  else await pipeline(body, response).catch(() => undefined);
}

/** The beginning of a reply's body, all of which is read. */
export async function readBody(body: Reply["body"]): Promise<string> {
  if (typeof body === "string") return body;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    const kept = (chunk as Buffer).subarray(0, MAX_BODY_BYTES - bytes);
    bytes += kept.length;
    if (kept.length > 0) chunks.push(kept);
  }
  return Buffer.concat(chunks).toString();
}
