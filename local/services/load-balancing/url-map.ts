import { objectOf, objectsOf, type Properties, textOf, textsOf } from "../../kernel/property-values.ts";

export interface Requested {
  readonly scheme: "http" | "https";
  /** As sent, with its port if it had one. */
  readonly host: string;
  /** Path and query as sent: not a byte is decoded or normalised. */
  readonly target: string;
}

export type Route =
  | { readonly kind: "service"; readonly service: string }
  | { readonly kind: "redirect"; readonly status: number; readonly location: string };

const STATUSES: Readonly<Record<string, number>> = {
  MOVED_PERMANENTLY_DEFAULT: 301,
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
};

/**
 * Where a URL map sends a request: the host rule with the longest match, then its path
 * matcher's longest path, then the defaults.
 *
 * @returns `undefined` when the map says nothing of it.
 * @see https://cloud.google.com/load-balancing/docs/url-map-concepts
 */
export function route(urlMap: Properties, requested: Requested): Route | undefined {
  const matcher = matcherFor(urlMap, hostWithoutPort(requested.host));
  if (!matcher) return decide(urlMap.defaultService, urlMap.defaultUrlRedirect, requested, "/");
  const { path } = split(requested.target);
  let best: { rule: Properties; pattern: string; length: number } | undefined;
  for (const rule of objectsOf(matcher.pathRules)) {
    for (const pattern of textsOf(rule.paths)) {
      const { length } = pattern.replace(/\*$/, "");
      if (matchesPath(pattern, path) && length > (best?.length ?? 0)) best = { rule, pattern, length };
    }
  }
  return best
    ? decide(best.rule.service, best.rule.urlRedirect, requested, best.pattern)
    : decide(matcher.defaultService, matcher.defaultUrlRedirect, requested, "/");
}

function matcherFor(urlMap: Properties, host: string): Properties | undefined {
  let best: { rule: Properties; weight: number } | undefined;
  for (const rule of objectsOf(urlMap.hostRules)) {
    for (const pattern of textsOf(rule.hosts)) {
      const weight = matchesHost(pattern.toLowerCase(), host);
      if (weight > (best?.weight ?? 0)) best = { rule, weight };
    }
  }
  const name = best?.rule.pathMatcher;
  return objectsOf(urlMap.pathMatchers).find((matcher) => matcher.name === name && name !== undefined);
}

/** 0 for no match; a name beats every wildcard, and a longer wildcard a shorter one. */
function matchesHost(pattern: string, host: string): number {
  if (pattern === host) return Number.POSITIVE_INFINITY;
  const suffix = pattern.startsWith("*") ? pattern.slice(1) : undefined;
  return suffix !== undefined && host.endsWith(suffix) && host.length > suffix.length ? pattern.length : 0;
}

function matchesPath(pattern: string, path: string): boolean {
  return pattern.endsWith("/*") ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}

function decide(
  service: unknown,
  redirect: unknown,
  requested: Requested,
  pattern: string,
): Route | undefined {
  const name = textOf(service);
  if (name !== undefined) return { kind: "service", service: name };
  const rule = objectOf(redirect);
  return Object.keys(rule).length > 0 ? follow(rule, requested, pattern) : undefined;
}

function follow(rule: Properties, { scheme, host, target }: Requested, pattern: string): Route {
  const { path, query } = split(target);
  const prefix = textOf(rule.prefixRedirect);
  const matched = pattern.endsWith("*") ? pattern.slice(0, -1) : pattern;
  const newPath =
    textOf(rule.pathRedirect) ?? (prefix === undefined ? path : prefix + path.slice(matched.length));
  const newHost =
    textOf(rule.hostRedirect) ?? (rule.httpsRedirect === true ? host.replace(/:80$/, "") : host);
  const newScheme = rule.httpsRedirect === true ? "https" : scheme;
  return {
    kind: "redirect",
    status: STATUSES[textOf(rule.redirectResponseCode) ?? "MOVED_PERMANENTLY_DEFAULT"] ?? 301,
    location: `${newScheme}://${newHost}${newPath}${rule.stripQuery === true ? "" : query}`,
  };
}

function split(target: string): { path: string; query: string } {
  const at = target.indexOf("?");
  return at < 0 ? { path: target, query: "" } : { path: target.slice(0, at), query: target.slice(at) };
}

function hostWithoutPort(host: string): string {
  return host.replace(/:\d+$/, "").toLowerCase();
}
