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
  /** From the moment at which a request was due, by status. */
  readonly latenciesMs: ReadonlyMap<string, readonly number[]>;
}

interface Due {
  readonly at: number;
}

/** Asks at a rate of its own over TLS, whether answers keep up or not: people don't wait for each other. */
export async function loadPaced(options: PacedLoadOptions): Promise<PacedResult> {
  const { rate, seconds, connections } = options;
  const counts = new Map<string, number>();
  const latenciesMs = new Map<string, number[]>();
  const idle: Connection[] = [];
  const waiting: Due[] = [];
  const total = rate * seconds;
  let open = 0;
  let answered = 0;

  const note = (answer: string, { at }: Due) => {
    const status = answer.slice(0, 3);
    const label = status === "200" ? status : (answer.split("\n")[0] ?? answer);
    counts.set(label, (counts.get(label) ?? 0) + 1);
    latenciesMs.set(status, [...(latenciesMs.get(status) ?? []), performance.now() - at]);
    answered += 1;
  };
  const ask = (due: Due) => {
    const connection = idle.pop();
    if (!connection && open >= connections) {
      waiting.push(due);
      return;
    }
    if (!connection) open += 1;
    const asked = connection ?? new Connection(options);
    asked.ask().then(
      (answer) => {
        note(answer, due);
        idle.push(asked);
        next();
      },
      (error: Error) => {
        note(`none: ${error.message}`, due);
        open -= 1;
        next();
      },
    );
  };
  const next = () => {
    const due = waiting.shift();
    if (due) ask(due);
  };

  const startedAt = performance.now();
  let sent = 0;
  await new Promise<void>((resolve) => {
    const ticking = setInterval(() => {
      const elapsedMs = performance.now() - startedAt;
      for (; sent < Math.min(total, (rate * elapsedMs) / 1000); sent += 1) {
        ask({ at: startedAt + (sent * 1000) / rate });
      }
      if (answered < total && elapsedMs < seconds * 1000 + ANSWER_DEADLINE_MS) return;
      clearInterval(ticking);
      resolve();
    }, TICK_MS);
  });
  if (answered < total) counts.set("none in time", total - answered);
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
