import type { Readable } from "node:stream";

/** A request on its way to a service, whether it came over a socket or from within the cloud. */
export interface Call {
  readonly method: string;
  /** As on the request line: path and query, untouched. */
  readonly url: string;
  /** Names and values in turn, as they came. */
  readonly headers: readonly string[];
  readonly body: Readable;
  /** `HTTP/1.1` */
  readonly protocol: string;
  /** The address that sent it, if it has one. */
  readonly peer: string | undefined;
  /** Aborted when nobody waits for the reply any more. */
  readonly signal: AbortSignal;
}

export interface Reply {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Readable | string;
  /** What went over the wire to the instance and back so far, headers included. Of a reply of a service. */
  readonly bytes?: () => { readonly request: number; readonly response: number };
}

/** The first value of a header, whatever its case. */
export function header(headers: readonly string[], name: string): string | undefined {
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at]?.toLowerCase() === name) return headers[at + 1];
  }
  return undefined;
}

/** A reply of Google's front end rather than of a service. */
export function refusal(status: number, message: string, headers: readonly string[] = []): Reply {
  return {
    status,
    headers: [
      "Content-Type",
      "text/plain; charset=utf-8",
      "Content-Length",
      String(Buffer.byteLength(message)),
      ...headers,
    ],
    body: message,
  };
}
