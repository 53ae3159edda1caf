import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { openPort } from "../../kernel/open-port.ts";

/** Google keeps a connection that long, so that no client closes later than the server. */
const KEEP_ALIVE_MS = 610_000;
const MOST_CONNECTIONS = 4_096;

export interface FrontendOptions {
  readonly scheme: "http" | "https";
  readonly name: string;
  /** A connection without it is reset. */
  readonly isOpen: () => boolean;
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  /** The certificate and key for a server name. `undefined` fails the handshake. */
  readonly certificateFor: (serverName: string) => Promise<{ cert: string; key: string } | undefined>;
}

/**
 * One listening port of a load balancer. Over TLS a client must name its server (SNI):
 * Google also answers clients that don't, with the primary certificate.
 */
export class Frontend {
  readonly scheme: "http" | "https";
  readonly #options: FrontendOptions;
  readonly #server: Server | TlsServer;
  /** Made once of each certificate: a handshake at a time would pay for it otherwise. */
  readonly #contexts = new WeakMap<object, SecureContext>();
  #port = 0;

  constructor(options: FrontendOptions) {
    const { scheme, isOpen, onRequest } = options;
    this.#options = options;
    this.scheme = scheme;
    this.#server =
      scheme === "http"
        ? createServer(onRequest)
        : createTlsServer({ SNICallback: (name, done) => void this.#certify(name, done) }, onRequest);
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#server.prependListener("connection", (socket) => {
      if (!isOpen()) socket.resetAndDestroy();
    });
  }

  get port(): number {
    return this.#port;
  }

  /** @throws {PortTaken} */
  async start(port: number): Promise<void> {
    this.#port = await openPort(this.#server, port, this.#options.name);
  }

  /** What connections from now on may negotiate. Certificates come from `certificateFor`. */
  setTls(options: Pick<SecureContextOptions, "ciphers" | "minVersion">): void {
    if ("setSecureContext" in this.#server) this.#server.setSecureContext(options);
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #contextOf(certificate: { cert: string; key: string }): SecureContext {
    const context = this.#contexts.get(certificate) ?? createSecureContext(certificate);
    this.#contexts.set(certificate, context);
    return context;
  }

  async #certify(
    serverName: string,
    done: (error: Error | null, context?: SecureContext) => void,
  ): Promise<void> {
    try {
      const certificate = await this.#options.certificateFor(serverName);
      // Without a context OpenSSL goes on with the server's own, which has no certificate, and says so by an alert.
      if (certificate) done(null, this.#contextOf(certificate));
      else done(null);
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
