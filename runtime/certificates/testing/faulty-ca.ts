import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { createServer, request, type Server } from "node:https";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { TestIssuingKey } from "./issuing-key.ts";

/** What a client asks of a CA, by the start of Pebble's paths. */
const CALLS = {
  directory: "/dir",
  newNonce: "/nonce-plz",
  newAccount: "/sign-me-up",
  newOrder: "/order-plz",
  acmeOrder: "/my-order/",
  authorization: "/authZ/",
  answer: "/chalZ/",
  finalize: "/finalize-order/",
  certificate: "/certZ/",
} as const;
export type CaCall = keyof typeof CALLS;
export const CA_CALLS = Object.keys(CALLS) as readonly CaCall[];

export type CaFault =
  /** Answered in place of the CA, which hears nothing of it. */
  | {
      readonly kind: "reply";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** JSON, or a page. */
      readonly body: object | string;
    }
  /** The connection breaks before the CA hears of it. */
  | { readonly kind: "cut" }
  /** No answer ever comes. */
  | { readonly kind: "silence" }
  /** Done, but the reply is lost. */
  | { readonly kind: "lost" }
  /** The CA's answer, changed. */
  | { readonly kind: "changed"; readonly change: (answer: Record<string, unknown>) => object };

/** A refusal as RFC 8555 has it. */
export function refusal(
  status: number,
  type: string,
  detail = "because.",
  headers: Readonly<Record<string, string>> = {},
): CaFault {
  return {
    kind: "reply",
    status,
    headers,
    body: { type: `urn:ietf:params:acme:error:${type}`, detail, status },
  };
}

/** Stands before Pebble, and does to single calls what CAs and networks do to theirs. Trusted by this process. */
export class FaultyCa {
  readonly directoryUrl: string;
  /** What happens to a call, and to which of its kind, from 1. */
  fault: (call: CaCall, occurrence: number, path: string) => CaFault | undefined = () => undefined;
  /** Every call, one after the other. */
  readonly calls: CaCall[] = [];
  readonly #server: Server;
  readonly #upstream: URL;

  private constructor(server: Server, upstream: URL) {
    this.#server = server;
    this.#upstream = upstream;
    this.directoryUrl = `https://127.0.0.1:${(server.address() as { port: number }).port}/dir`;
    server.on("request", (incoming, response) => this.#handle(incoming, response));
  }

  static async start(upstreamDirectoryUrl: string): Promise<FaultyCa> {
    const authority = await TestIssuingKey.create();
    setDefaultCACertificates([...getCACertificates("default"), authority.rootPem]);
    const server = createServer(await authority.server([{ ip: "127.0.0.1" }])).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new FaultyCa(server, new URL(upstreamDirectoryUrl));
  }

  /** As it was at the start. */
  reset(): void {
    this.fault = () => undefined;
    this.calls.length = 0;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await once(this.#server.close(), "close");
  }

  #handle(incoming: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => void this.#answer(incoming, Buffer.concat(chunks), response));
  }

  async #answer(incoming: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
    const path = incoming.url ?? "";
    const call = CA_CALLS.find((name) => path.startsWith(CALLS[name]));
    if (call) this.calls.push(call);
    const occurrence = this.calls.filter((one) => one === call).length;
    const fault = call && this.fault(call, occurrence, path);
    if (fault?.kind === "silence") return;
    if (fault?.kind === "cut") {
      response.destroy();
      return;
    }
    if (fault?.kind === "reply") {
      const isPage = typeof fault.body === "string";
      response.writeHead(fault.status, {
        "content-type": isPage ? "text/html" : "application/problem+json",
        ...fault.headers,
      });
      response.end(isPage ? fault.body : JSON.stringify(fault.body));
      return;
    }
    const reply = await this.#forward(incoming, body);
    const isNonceRefused = reply.status === 400 && reply.body.includes("error:badNonce");
    // Pebble refuses some nonces by chance: the client sends the same call again, which is the one that counts.
    if (isNonceRefused && call) this.calls.splice(this.calls.lastIndexOf(call), 1);
    if (fault?.kind === "lost" && !isNonceRefused) {
      response.destroy();
      return;
    }
    const change = fault?.kind === "changed" && reply.status < 400 ? fault.change : undefined;
    const { "content-length": _length, ...headers } = reply.headers;
    response.writeHead(reply.status, headers);
    response.end(change ? JSON.stringify(change(JSON.parse(reply.body.toString()))) : reply.body);
  }

  /** With the host that was asked, by which Pebble makes its URLs and checks signatures. */
  #forward(
    { method, url, headers }: IncomingMessage,
    body: Buffer,
  ): Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = this.#upstream;
      const outgoing = request({ hostname, port, method, path: url, headers, agent: false }, (reply) => {
        const chunks: Buffer[] = [];
        reply.on("data", (chunk: Buffer) => chunks.push(chunk));
        reply.on("error", reject);
        reply.on("end", () =>
          resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: Buffer.concat(chunks) }),
        );
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }
}
