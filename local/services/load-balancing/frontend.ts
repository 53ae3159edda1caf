import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { openPort } from "../../kernel/open-port.ts";
import { HEAD_LIMITS } from "../../kernel/request-head.ts";

/** Google keeps a connection that long, so that no client closes later than the server. */
const KEEP_ALIVE_MS = 610_000;
const MOST_CONNECTIONS = 4_096;
const THIS_MACHINE = "127.0.0.1";

type TlsOptions = Pick<SecureContextOptions, "ciphers" | "minVersion">;

export interface FrontendOptions {
  readonly scheme: "http" | "https";
  readonly name: string;
  /** A connection without it is reset. */
  readonly isOpen: () => boolean;
  /** @param client the address of who asks. */
  readonly onRequest: (request: IncomingMessage, response: ServerResponse, client: string) => void;
  /** The certificate and key for a server name. `undefined` fails the handshake. */
  readonly certificateFor: (serverName: string) => Promise<{ cert: string; key: string } | undefined>;
}

/**
 * One listening address of a load balancer: a port for this machine, and one more for each address that
 * somebody else comes from. Over TLS a client must name its server (SNI): Google also answers clients that
 * don't, with the primary certificate.
 */
export class Frontend {
  readonly scheme: "http" | "https";
  readonly #options: FrontendOptions;
  /** By the address of who comes in. */
  readonly #servers = new Map<string, Server | TlsServer>();
  readonly #doors = new Map<string, Promise<number>>();
  /** Made once of each certificate: a handshake at a time would pay for it otherwise. */
  readonly #contexts = new WeakMap<object, SecureContext>();
  #tls: TlsOptions = {};
  #port = 0;

  constructor(options: FrontendOptions) {
    this.#options = options;
    this.scheme = options.scheme;
  }

  get port(): number {
    return this.#port;
  }

  /** @throws {PortTaken} */
  async start(port: number): Promise<void> {
    this.#port = await this.#open(THIS_MACHINE, port);
  }

  /** The port by which `source` comes in. */
  doorFor(source: string): Promise<number> {
    const door = this.#doors.get(source) ?? this.#open(source, 0);
    this.#doors.set(source, door);
    return door;
  }

  /** What connections from now on may negotiate. Certificates come from `certificateFor`. */
  setTls(options: TlsOptions): void {
    this.#tls = options;
    for (const server of this.#servers.values()) this.#secure(server);
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#doors.values());
    await Promise.all(
      [...this.#servers.values()].map(async (server) => {
        if (!server.listening) return;
        const closed = new Promise((resolve) => server.close(resolve));
        server.closeAllConnections();
        await closed;
      }),
    );
  }

  #open(client: string, port: number): Promise<number> {
    const { scheme, name, isOpen, onRequest } = this.#options;
    const { maxHeaderSize, maxHeadersCount } = HEAD_LIMITS;
    const onRequestOf = (request: IncomingMessage, response: ServerResponse) =>
      onRequest(request, response, client);
    const server =
      scheme === "http"
        ? createServer({ maxHeaderSize }, onRequestOf)
        : createTlsServer(
            { maxHeaderSize, SNICallback: (host, done) => void this.#certify(host, done) },
            onRequestOf,
          );
    server.maxHeadersCount = maxHeadersCount;
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.maxConnections = MOST_CONNECTIONS;
    server.prependListener("connection", (socket) => {
      if (!isOpen()) socket.resetAndDestroy();
    });
    this.#servers.set(client, server);
    this.#secure(server);
    return openPort(server, port, name);
  }

  #secure(server: Server | TlsServer): void {
    if ("setSecureContext" in server) server.setSecureContext(this.#tls);
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
