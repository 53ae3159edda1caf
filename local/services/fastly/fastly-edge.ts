import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSocketServer, type Socket, type Server as SocketServer } from "node:net";
import { answerText } from "../../kernel/answer-text.ts";
import type { Kernel, Part } from "../../kernel/contract.ts";
import { openPort } from "../../kernel/open-port.ts";
import type { Properties } from "../../kernel/property-values.ts";
import { HEAD_LIMITS, settleHead } from "../../kernel/request-head.ts";
import { EdgeCertificates } from "./edge-certificates.ts";
import type { FastlyStore } from "./fastly-store.ts";
import { announce, applyRules, ForwardedHeaders } from "./forwarded-headers.ts";
import { Handshakes } from "./handshakes.ts";
import { OriginConnections } from "./origin-connections.ts";
import { fetchFromOrigin, OriginFailed, relayBody } from "./origin-request.ts";
import { serviceFor } from "./service-lookup.ts";
import type { VclRequest } from "./vcl-condition.ts";
import { type Backend, VclService } from "./vcl-service.ts";

const KEEP_ALIVE_MS = 60_000;
const MOST_CONNECTIONS = 4_096;
const MOST_HOPS = 4;
const SERVED_BY = "cache-local-LOCAL";

/**
 * Fastly's edge: TLS by server name from what is activated, then the service of the Host as its
 * resource describes it at the time of the request. No path and no host is built in.
 *
 * Nothing is ever cached here, so every request passes to its backend; `action` "lookup" and
 * "pass" do the same. Only HTTP/1.1 is spoken.
 */
export class FastlyEdge implements Part {
  readonly name = "edge";
  readonly #kernel: Kernel;
  readonly #store: FastlyStore;
  readonly #origins: OriginConnections;
  readonly #plain: Server;
  /** Speaks HTTP over connections that `#secureListener` accepted and a handshake has secured. */
  readonly #secure: Server;
  readonly #secureListener: SocketServer;
  readonly #secureSockets = new Set<Socket>();
  readonly #compiled = new WeakMap<Properties, VclService>();
  readonly #inFlight = new Map<string, number>();

  constructor(kernel: Kernel, store: FastlyStore) {
    this.#kernel = kernel;
    this.#store = store;
    this.#origins = new OriginConnections(kernel);
    const { maxHeaderSize, maxHeadersCount } = HEAD_LIMITS;
    this.#plain = createServer({ maxHeaderSize }, (...exchange) => void this.#serve(...exchange, false));
    this.#secure = createServer({ maxHeaderSize }, (...exchange) => void this.#serve(...exchange, true));
    const certificates = new EdgeCertificates(store);
    const handshakes = new Handshakes({
      contextFor: (serverName) => certificates.contextFor(serverName),
      onSecure: (socket) => this.#secure.emit("connection", socket),
      onRefused: (connections) => {
        const message = `Overloaded: ${connections} connections were reset, for there was no time for their TLS handshakes.`;
        kernel.logging.write({ severity: "WARNING", message, source: this.name });
      },
    });
    this.#secureListener = createSocketServer((socket) => {
      this.#secureSockets.add(socket);
      socket.once("close", () => this.#secureSockets.delete(socket));
      handshakes.take(socket);
    });
    for (const server of [this.#plain, this.#secure]) {
      server.keepAliveTimeout = KEEP_ALIVE_MS;
      server.maxHeadersCount = maxHeadersCount;
    }
    for (const server of [this.#plain, this.#secureListener]) server.maxConnections = MOST_CONNECTIONS;
  }

  async start(): Promise<void> {
    const { edgeHttp, edgeHttps } = this.#kernel.ports;
    await openPort(this.#plain, edgeHttp, "edgeHttp");
    await openPort(this.#secureListener, edgeHttps, "edgeHttps");
  }

  async stop(): Promise<void> {
    for (const server of [this.#plain, this.#secureListener]) {
      if (!server.listening) continue;
      const closed = new Promise((resolve) => server.close(resolve));
      this.#plain.closeAllConnections();
      for (const socket of this.#secureSockets) socket.destroy();
      await closed;
    }
    this.#origins.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse, isTls: boolean): Promise<void> {
    const bad = settleHead(request);
    if (bad) return fail(response, bad.status, bad.reason);
    const { host = "" } = request.headers;
    try {
      const resource = serviceFor(this.#kernel.resources, this.#store, host);
      if (!resource) {
        const hint = "Please check that this domain has been added to a service.";
        return fail(response, 500, `Fastly error: unknown domain: ${host}. ${hint}`);
      }
      const clientIp = request.socket.remoteAddress ?? "";
      await this.#pass(this.#compile(resource.properties), request, response, clientIp, isTls);
    } catch (error) {
      if (!(error instanceof OriginFailed) && response.destroyed) return;
      this.#kernel.logging.write({
        severity: error instanceof OriginFailed ? "WARNING" : "ERROR",
        message: `${request.method} ${host}${request.url}: ${error instanceof Error ? error.message : String(error)}`,
        source: this.name,
      });
      if (response.headersSent) response.destroy();
      else
        fail(response, 503, `Error 503 ${error instanceof OriginFailed ? error.message : "Internal error"}`);
    }
  }

  async #pass(
    service: VclService,
    request: IncomingMessage,
    response: ServerResponse,
    clientIp: string,
    isTls: boolean,
  ): Promise<void> {
    const seen = seenByVcl(request, clientIp, isTls);
    const { forceSsl, xff, backend } = service.decide(seen);
    if (forceSsl) {
      response.setHeader("Location", `https://${request.headers.host}${request.url}`);
      return fail(response, 301, "Moved Permanently");
    }
    if (hops(request) >= MOST_HOPS) throw new OriginFailed("Loop detected");
    const agent = backend && (await this.#origins.agentFor(backend));
    if (!backend || !agent) {
      throw new OriginFailed(
        backend
          ? `Backend unavailable: nothing local is at ${backend.address}:${backend.port}`
          : "No backend",
      );
    }
    const headers = new ForwardedHeaders(request);
    headers.remove("Expect");
    announce(headers, clientIp, isTls, xff);
    const [onRequest, onResponse] = [false, true].map((isResponse) =>
      service.headers.filter((rule) => rule.isResponse === isResponse),
    );
    applyRules(headers, onRequest ?? [], seen, clientIp);
    if (backend.overrideHost !== undefined) headers.set("Host", backend.overrideHost);
    await this.#occupy(backend, async () => {
      const answer = await fetchFromOrigin(agent, backend, request, response, headers.toRaw());
      response.once("close", () => answer.destroy());
      const returned = new ForwardedHeaders(answer);
      returned.append("Via", "1.1 varnish");
      returned.append("X-Served-By", SERVED_BY);
      returned.set("X-Cache", "MISS");
      applyRules(returned, onResponse ?? [], seen, clientIp);
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, returned.toRaw());
      await relayBody(backend, answer, response);
    });
  }

  /** Holds one of the backend's connections. @throws {OriginFailed} when all are taken, as Fastly does. */
  async #occupy(backend: Backend, use: () => Promise<void>): Promise<void> {
    const key = `${backend.address}:${backend.port}`;
    const taken = this.#inFlight.get(key) ?? 0;
    if (taken >= backend.mostConnections) throw new OriginFailed("Backend.max_conn reached");
    this.#inFlight.set(key, taken + 1);
    try {
      await use();
    } finally {
      const left = (this.#inFlight.get(key) ?? 1) - 1;
      if (left > 0) this.#inFlight.set(key, left);
      else this.#inFlight.delete(key);
    }
  }

  #compile(properties: Properties): VclService {
    let service = this.#compiled.get(properties);
    if (!service) {
      service = new VclService(properties);
      this.#compiled.set(properties, service);
    }
    return service;
  }
}

function seenByVcl(
  { method = "GET", url = "/", headers }: IncomingMessage,
  clientIp: string,
  isTls: boolean,
): VclRequest {
  const own: Readonly<Record<string, string | undefined>> = {
    "fastly-client-ip": clientIp,
    "fastly-ssl": isTls ? "1" : undefined,
  };
  return {
    method,
    url,
    isTls,
    header(name) {
      if (name in own) return own[name];
      const value = headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
  };
}

/** How often the request came by already. @see https://www.rfc-editor.org/rfc/rfc8586 */
function hops({ headers }: IncomingMessage): number {
  return String(headers["cdn-loop"] ?? "")
    .split(/\s*,\s*/)
    .filter((hop) => hop === "Fastly").length;
}

function fail(response: ServerResponse, status: number, text: string): void {
  response.setHeader("Via", "1.1 varnish").setHeader("X-Served-By", SERVED_BY);
  answerText(response, status, "text/plain; charset=utf-8", `${text}\n`);
}
