import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { Server as GrpcServer, ServerCredentials } from "@grpc/grpc-js";
import { answerText } from "./answer-text.ts";
import type {
  GrpcApi,
  HttpApi,
  Identities as IdentitiesContract,
  Logging,
  Principal,
  TlsAuthority,
  Tokens,
} from "./contract.ts";

interface Endpoints {
  readonly http: Server;
  readonly grpc: GrpcServer;
  readonly ports: { readonly http: number; readonly grpc: number };
}

/** The doors through which calls come in with a name: one pair of ports a service account, and one TLS port for bearers of tokens. */
export class Identities implements IdentitiesContract {
  readonly #tokens: Tokens;
  readonly #logging: Logging;
  readonly #httpApis: HttpApi[] = [];
  readonly #grpcApis: GrpcApi[] = [];
  readonly #endpoints = new Map<string, Promise<Endpoints>>();
  #bearers: TlsServer | undefined;

  constructor(tokens: Tokens, logging: Logging) {
    this.#tokens = tokens;
    this.#logging = logging;
  }

  /** Adds APIs to every identity's ports. Before the first identity asks. */
  serveHttp(...apis: readonly HttpApi[]): void {
    this.#httpApis.push(...apis);
  }

  serveGrpc(...apis: readonly GrpcApi[]): void {
    this.#grpcApis.push(...apis);
  }

  async endpoints(email: string): Promise<{ readonly http: number; readonly grpc: number }> {
    let endpoints = this.#endpoints.get(email);
    if (!endpoints) {
      endpoints = this.#open({ email });
      this.#endpoints.set(email, endpoints);
      endpoints.catch(() => this.#endpoints.delete(email));
    }
    return (await endpoints).ports;
  }

  /** Opens the port that stands for `*.googleapis.com`. */
  async listen(port: number, authority: TlsAuthority): Promise<void> {
    const certificate = await authority.issue(["127.0.0.1", "localhost", "*.googleapis.com"]);
    this.#bearers = createTlsServer(certificate, (request, response) => {
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
      const principal = token === undefined ? undefined : this.#tokens.principalOf(token);
      if (principal) this.#dispatch(principal, request, response);
      else refuse(response, 401, "UNAUTHENTICATED", "Request had invalid authentication credentials.");
    });
    this.#bearers.listen(port, "127.0.0.1");
    await once(this.#bearers, "listening");
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#endpoints.values());
    this.#endpoints.clear();
    for (const result of opened) {
      if (result.status !== "fulfilled") continue;
      result.value.grpc.forceShutdown();
      result.value.http.closeAllConnections();
      await new Promise((resolve) => result.value.http.close(resolve));
    }
    this.#bearers?.closeAllConnections();
    await new Promise<void>((resolve) => (this.#bearers ? this.#bearers.close(() => resolve()) : resolve()));
  }

  async #open(principal: Principal): Promise<Endpoints> {
    const http = createServer((request, response) => this.#dispatch(principal, request, response));
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    const grpc = new GrpcServer({ "grpc.max_receive_message_length": 12 * 1024 * 1024 });
    for (const api of this.#grpcApis) grpc.addService(api.definition, api.implementation(principal));
    const grpcPort = await new Promise<number>((resolve, reject) =>
      grpc.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      ),
    );
    return { http, grpc, ports: { http: (http.address() as AddressInfo).port, grpc: grpcPort } };
  }

  #dispatch(principal: Principal, request: IncomingMessage, response: ServerResponse): void {
    const api = this.#httpApis.find((candidate) => candidate.matches(request));
    if (!api) {
      refuse(
        response,
        404,
        "NOT_FOUND",
        `The local cloud serves nothing at ${request.method} ${request.url}.`,
      );
      return;
    }
    api.handle(principal, request, response).catch((error: unknown) => {
      this.#logging.write({
        severity: "ERROR",
        source: api.name,
        message: `${request.method} ${request.url} failed: ${error instanceof Error ? error.stack : error}`,
      });
      if (response.headersSent) response.destroy();
      else refuse(response, 500, "INTERNAL", "Internal error encountered.");
    });
  }
}

/** @see https://cloud.google.com/apis/design/errors#http_mapping */
function refuse(response: ServerResponse, code: number, status: string, message: string): void {
  const text = JSON.stringify({ error: { code, message, status } });
  answerText(response, code, "application/json; charset=UTF-8", text);
}
