import type { IncomingMessage } from "node:http";

/** The path as it was sent, still escaped: a parser of URLs would resolve `..`. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?", 1)[0] ?? "";
}

/**
 * Whether a request is for the API at `hosts`. Identity ports have no host of their own, so there
 * its paths decide.
 */
export function isFor(
  request: IncomingMessage,
  hosts: readonly string[],
  isOwnPath: (path: string) => boolean,
): boolean {
  const host = request.headers.host?.replace(/:\d+$/, "") ?? "";
  return host.endsWith(".googleapis.com") ? hosts.includes(host) : isOwnPath(pathOf(request));
}
