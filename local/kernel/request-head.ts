import type { IncomingMessage } from "node:http";

/** Fastly's limit, and the widest that a request can have here: it comes first. @see https://www.fastly.com/documentation/reference/vcl/constraints-and-limitations/ */
const MOST_HEADERS = 255;

/** Of a name, an IPv4 address or an IPv6 address in brackets, each with or without a port. */
const AUTHORITY = /^(?:[\w.~%!$&'()*+;=-]*|\[[\da-f:.]+\])(?::\d*)?$/i;
const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/is;

/** Of servers that take requests from anywhere. Node would leave out what is beyond a number of headers, and say nothing. */
export const HEAD_LIMITS = { maxHeaderSize: 64 * 1024, maxHeadersCount: 0 } as const;

export interface BadHead {
  readonly status: 400 | 431;
  readonly reason: string;
}

/**
 * Brings a request's target into origin-form: the authority of one in absolute-form takes the place of Host.
 *
 * @returns what is wrong with the request: nobody may have to guess which host is meant.
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2
 */
export function settleHead(request: IncomingMessage): BadHead | undefined {
  const count = request.rawHeaders.length / 2;
  if (count > MOST_HEADERS) {
    return { status: 431, reason: `A request must have at most ${MOST_HEADERS} header lines; got ${count}.` };
  }
  const hosts = request.rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === "host");
  if (hosts.length > 1) {
    return { status: 400, reason: `A request must have one Host header; got ${hosts.length}.` };
  }
  const [, authority, rest = ""] = ABSOLUTE.exec(request.url ?? "") ?? [];
  const host = authority ?? request.headers.host ?? "";
  if (!AUTHORITY.test(host) || authority === "") {
    return { status: 400, reason: `The host must be a name or an address; got ${JSON.stringify(host)}.` };
  }
  if (authority !== undefined) {
    request.url = rest.startsWith("/") ? rest : `/${rest}`;
    setHeaders(request, { host: authority });
  }
  return undefined;
}

/** In both of Node's views of the headers. */
export function setHeaders(request: IncomingMessage, told: Readonly<Record<string, string>>): void {
  Object.assign(request.headers, told);
  const kept: string[] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const [name = "", value = ""] = request.rawHeaders.slice(index, index + 2);
    if (!(name.toLowerCase() in told)) kept.push(name, value);
  }
  request.rawHeaders = [...kept, ...Object.entries(told).flat()];
}
