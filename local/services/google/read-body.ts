import type { IncomingMessage } from "node:http";

/** How long a caller may take over a body that fits in memory. */
const BODY_DEADLINE_MS = 60_000;

/** A body over the limit that its API sets. */
export class BodyTooLarge extends Error {
  readonly code = "BODY_TOO_LARGE";

  constructor(limitBytes: number) {
    super(`Request body must be at most ${limitBytes} bytes.`);
    this.name = "BodyTooLarge";
  }
}

/**
 * A whole body in memory, for JSON: media is streamed instead.
 *
 * @throws {BodyTooLarge} as soon as more than `limitBytes` have come.
 */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const deadline = setTimeout(() => request.destroy(new Error("The body took too long.")), BODY_DEADLINE_MS);
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limitBytes) throw new BodyTooLarge(limitBytes);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(deadline);
  }
}
