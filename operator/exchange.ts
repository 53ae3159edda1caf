import {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as plainRequest,
} from "node:http";
import { type RequestOptions, request as secureRequest } from "node:https";
import { type PeerCertificate, TLSSocket } from "node:tls";

export interface ExchangeOptions extends RequestOptions {
  readonly port: number;
  readonly body?: string;
  /** Whether over TLS. @default where there is a `ca` */
  readonly secure?: boolean;
  /** How long the peer may keep silent. */
  readonly deadlineMs: number;
}

export interface Exchanged {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Of a verified TLS peer. */
  readonly certificate: PeerCertificate | undefined;
}

/** One request, on a connection of its own; to a port of this machine unless there is a `host`. */
export function exchange({
  body,
  deadlineMs,
  secure = false,
  ...options
}: ExchangeOptions): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    const start = secure || options.ca !== undefined ? secureRequest : plainRequest;
    const request: ClientRequest = start(
      { host: "127.0.0.1", agent: false, timeout: deadlineMs, ...options },
      (response) => readAll(response).then(resolve, reject),
    );
    request.on("timeout", () =>
      request.destroy(new Error(`Port ${options.port} did not answer in ${deadlineMs / 1000} s.`)),
    );
    request.on("error", reject);
    request.end(body);
  });
}

async function readAll(response: IncomingMessage): Promise<Exchanged> {
  // Gone from the socket once the response has ended.
  const certificate = response.socket instanceof TLSSocket ? response.socket.getPeerCertificate() : undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: Buffer.concat(chunks).toString(),
    certificate,
  };
}
