import { connect, type TLSSocket } from "node:tls";
import { wholeAnswer } from "./http-load.ts";

const TICK_MS = 2;
/** After the last request is due; what has no answer by then counts as none. */
const ANSWER_DEADLINE_MS = 20_000;

export interface PacedLoadOptions {
  readonly port: number;
  readonly host: string;
  readonly ca: string;
  /** Requests a second. */
  readonly rate: number;
  readonly seconds: number;
  /** Kept connections at most: a request that finds all of them busy waits for one. */
  readonly connections: number;
}

export interface PacedResult {
  /** How many of each answer there were, by status and, but for 200, the body's first line. */
  readonly counts: ReadonlyMap<string, number>;
  /** From when a request was sent, by status: a client's own wait for a connection is not the server's. */
  readonly latenciesMs: ReadonlyMap<string, readonly number[]>;
}

/** Asks at a rate of its own over TLS, whether answers keep up or not: people don't wait for each other. */
export async function loadPaced(options: PacedLoadOptions): Promise<PacedResult> {
  const { rate, seconds, connections } = options;
  const counts = new Map<string, number>();
  const latenciesMs = new Map<string, number[]>();
  const idle: Connection[] = [];
  let waiting = 0;
  const total = rate * seconds;
  let open = 0;
  let answered = 0;

  const note = (answer: string, sentAt: number) => {
    const status = answer.startsWith("no ") ? "no answer" : answer.slice(0, 3);
    const label = status === "200" ? status : (answer.split("\n")[0] ?? answer);
    counts.set(label, (counts.get(label) ?? 0) + 1);
    const latencies = latenciesMs.get(status) ?? [];
    latencies.push(performance.now() - sentAt);
    latenciesMs.set(status, latencies);
    answered += 1;
  };
  const ask = () => {
    const kept = idle.pop();
    if (!kept && open >= connections) {
      waiting += 1;
      return;
    }
    if (!kept) open += 1;
    const connection = kept ?? new Connection(options);
    const sentAt = performance.now();
    connection.ask().then(
      (answer) => {
        note(answer, sentAt);
        idle.push(connection);
        next();
      },
      () => {
        note("no answer: the connection was closed", sentAt);
        open -= 1;
        next();
      },
    );
  };
  const next = () => {
    if (waiting === 0) return;
    waiting -= 1;
    ask();
  };

  const startedAt = performance.now();
  let sent = 0;
  await new Promise<void>((resolve) => {
    const ticking = setInterval(() => {
      const elapsedMs = performance.now() - startedAt;
      for (; sent < Math.min(total, (rate * elapsedMs) / 1000); sent += 1) ask();
      if (answered < total && elapsedMs < seconds * 1000 + ANSWER_DEADLINE_MS) return;
      clearInterval(ticking);
      resolve();
    }, TICK_MS);
  });
  if (answered < total) counts.set("no answer in time", total - answered);
  for (const connection of idle) connection.close();
  return { counts, latenciesMs };
}

/** A TLS connection with one request at a time. */
class Connection {
  readonly #socket: TLSSocket;
  readonly #request: string;

  constructor({ port, host, ca }: PacedLoadOptions) {
    this.#socket = connect({ port, host: "127.0.0.1", servername: host, ca });
    this.#socket.setNoDelay();
    this.#socket.on("error", () => this.#socket.destroy());
    this.#request = `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  }

  /** Status and body. @throws when the connection ends before them. */
  ask(): Promise<string> {
    return new Promise((resolve, reject) => {
      let received: Buffer = Buffer.alloc(0);
      const end = () => reject(new Error("the connection was closed"));
      const read = (chunk: Buffer) => {
        received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
        const answer = wholeAnswer(received);
        if (answer === undefined) return;
        this.#socket.off("data", read).off("close", end);
        resolve(answer);
      };
      this.#socket.on("data", read).once("close", end);
      if (this.#socket.destroyed) end();
      else this.#socket.write(this.#request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}
