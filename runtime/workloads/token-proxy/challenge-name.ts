const PREFIX = "/.well-known/acme-challenge/";
/** 128 bits at least (RFC 8555 section 8.3), and room for CAs that use more. */
const TOKEN = /^[A-Za-z0-9_-]{22,128}$/;
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const DNS_NAME = new RegExp(`^(?=.{1,253}$)(?:${LABEL}\\.)+${LABEL}$`);
/** Longer than any host with a port. */
const MAX_HOST_LENGTH = 260;
const MAX_TARGET_LENGTH = 2048;

/**
 * The object that answers a challenge, or `undefined` for whatever is not one. Host and path
 * decide alone, and neither is decoded: no spelling of `..` or `/` gets past the token's syntax,
 * so nothing outside `{host}/.well-known/acme-challenge/` is ever named.
 *
 * @param host the Host header, in any case and with or without a port.
 * @param target the request line's target, raw; its query means nothing.
 */
export function challengeName(host: string | undefined, target: string): string | undefined {
  if (host === undefined || host.length > MAX_HOST_LENGTH || target.length > MAX_TARGET_LENGTH)
    return undefined;
  const domain = host.toLowerCase().replace(/:\d{1,5}$/, "");
  const path = target.split("?", 1)[0] ?? "";
  if (!DNS_NAME.test(domain) || !path.startsWith(PREFIX)) return undefined;
  const token = path.slice(PREFIX.length);
  return TOKEN.test(token) ? `${domain}${PREFIX}${token}` : undefined;
}
