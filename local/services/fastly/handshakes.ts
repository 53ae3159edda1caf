import type { Socket } from "node:net";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";

const REPORT_EVERY_MS = 1_000;

export interface HandshakesOptions {
  /** `undefined` fails the handshake. */
  readonly contextFor: (serverName: string) => SecureContext | undefined;
  readonly onSecure: (socket: TLSSocket) => void;
  /** So many connections were reset lately. */
  readonly onRefused: (connections: number) => void;
  /** @default 16: a handshake costs more than a request, and hundreds at once would all be slow. */
  readonly mostAtOnce?: number;
  /** @default 512 */
  readonly mostWaiting?: number;
  /** For a turn, and then for the handshake. @default 5 s */
  readonly deadlineMs?: number;
}

interface Waiter {
  readonly socket: Socket;
  readonly since: number;
}

/**
 * TLS handshakes with clients, in the order in which they spoke. More than can be done are refused at once,
 * so that those that are done, and the answers after them, stay prompt.
 */
export class Handshakes {
  readonly #options: Required<HandshakesOptions>;
  /** Shows no certificate: for names without one. */
  readonly #nothing = createSecureContext();
  readonly #waiting: Waiter[] = [];
  #underWay = 0;
  #refused = 0;
  #reporting: NodeJS.Timeout | undefined;

  constructor(options: HandshakesOptions) {
    this.#options = { mostAtOnce: 16, mostWaiting: 512, deadlineMs: 5_000, ...options };
  }

  /** @param socket one that has not been read from. */
  take(socket: Socket): void {
    socket.on("error", () => socket.destroy());
    // A client that connects and says nothing takes nobody's turn.
    socket.once("readable", () => {
      if (this.#waiting.length < this.#options.mostWaiting) {
        this.#waiting.push({ socket, since: performance.now() });
        this.#next();
      } else {
        this.#refuse(socket);
      }
    });
  }

  #next(): void {
    while (this.#underWay < this.#options.mostAtOnce) {
      const waiter = this.#waiting.shift();
      if (!waiter) return;
      if (waiter.socket.destroyed) continue;
      if (performance.now() - waiter.since > this.#options.deadlineMs) {
        this.#refuse(waiter.socket);
      } else {
        this.#begin(waiter.socket);
      }
    }
  }

  #begin(socket: Socket): void {
    const { contextFor, onSecure, deadlineMs } = this.#options;
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: this.#nothing,
      SNICallback(serverName, done) {
        try {
          // Without a context OpenSSL goes on with that of nothing, and says so by an alert.
          const context = contextFor(serverName);
          if (context) done(null, context);
          else done(null);
        } catch (error) {
          done(error as Error);
        }
      },
    });
    this.#underWay += 1;
    let isOver = false;
    const end = () => {
      if (isOver) return;
      isOver = true;
      clearTimeout(late);
      this.#underWay -= 1;
      this.#next();
    };
    const late = setTimeout(() => secure.destroy(), deadlineMs);
    secure.on("error", () => secure.destroy());
    secure.once("close", end);
    secure.once("secure", () => {
      end();
      onSecure(secure);
    });
  }

  /** Without a handshake nobody can be told why. */
  #refuse(socket: Socket): void {
    socket.resetAndDestroy();
    this.#refused += 1;
    this.#reporting ??= setTimeout(() => {
      this.#options.onRefused(this.#refused);
      this.#reporting = undefined;
      this.#refused = 0;
    }, REPORT_EVERY_MS).unref();
  }
}
