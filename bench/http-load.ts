import { once } from "node:events";
import { connect, type Socket } from "node:net";

const HEAD_END = Buffer.from("\r\n\r\n");
/** Of the slowest request; one without an answer ends the run. */
const ANSWER_DEADLINE_MS = 10_000;

export interface LoadOptions {
  readonly port: number;
  readonly host: string;
  /** Asked for in turn. */
  readonly paths: readonly string[];
  /** Kept connections, each with one request at a time. */
  readonly connections: number;
  readonly seconds: number;
  /** What every answer must be: a fast refusal is no answer. */
  readonly expected: string;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly latenciesMs: readonly number[];
}

/**
 * Asks as fast as the answers come, over sockets of its own: an HTTP client of Node's costs more than
 * the servers that it would measure. Reads answers with a `Content-Length`, and no others.
 */
export async function loadHttp(options: LoadOptions): Promise<LoadResult> {
  const requests = options.paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: ${options.host}\r\n\r\n`);
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  const ends = startedAt + options.seconds * 1_000;
  await Promise.all(
    Array.from({ length: options.connections }, async (_, index) => {
      const socket = connect({ port: options.port, host: "127.0.0.1", noDelay: true });
      await once(socket, "connect");
      await ask(socket, requests, index, options.expected, ends, latenciesMs);
    }),
  );
  return { requests: latenciesMs.length, seconds: (performance.now() - startedAt) / 1_000, latenciesMs };
}

function ask(
  socket: Socket,
  requests: readonly string[],
  first: number,
  expected: string,
  ends: number,
  latenciesMs: number[],
): Promise<void> {
  return new Promise((resolve, reject) => {
    let next = first;
    let sentAt = 0;
    let received: Buffer = Buffer.alloc(0);
    const send = () => {
      sentAt = performance.now();
      socket.write(requests[next++ % requests.length] ?? "");
    };
    socket.setTimeout(ANSWER_DEADLINE_MS, () => socket.destroy(new Error("An answer took too long.")));
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("The server closed a connection.")));
    socket.on("data", (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const answer = wholeAnswer(received);
      if (answer === undefined) return;
      if (answer !== expected) {
        socket.destroy(new Error(`An answer was not the expected one: ${JSON.stringify(answer)}.`));
        return;
      }
      const now = performance.now();
      latenciesMs.push(now - sentAt);
      received = Buffer.alloc(0);
      if (now < ends) return send();
      resolve();
      socket.destroy();
    });
    send();
  });
}

/** Status and body once all of it is there: `200 body`. */
export function wholeAnswer(received: Buffer): string | undefined {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd === -1) return undefined;
  const head = received.toString("latin1", 0, headEnd);
  const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1]);
  const start = headEnd + HEAD_END.length;
  if (received.length - start < length) return undefined;
  return `${head.slice(9, 12)} ${received.toString("utf8", start)}`;
}
