import { count, unique } from "../../../review/rules/lists.ts";
import { whole } from "../../../review/rules/numbers.ts";
import { atMostOneOf, onlyWhere, presence } from "../../../review/rules/presence.ts";
import { type CitedRules, cite, inObject, ofNumber, type Report } from "../../../review/rules/rule.ts";
import { nested, type Properties, type Value } from "../../../review/rules/values.ts";

const YEAR_SECONDS = 31_622_400;
const TTL = { from: 0, to: YEAR_SECONDS, what: "seconds" } as const;
const STALE = { from: 0, to: 604_800, what: "seconds" } as const;
const NEGATIVE_CODES = [300, 301, 302, 307, 308, 404, 405, 410, 421, 451, 501];
/** What each cache mode has no use for. */
const NOT_IN_MODE: Readonly<Record<string, readonly string[]>> = {
  USE_ORIGIN_HEADERS: ["defaultTtl", "maxTtl", "clientTtl"],
  FORCE_CACHE_ALL: ["maxTtl"],
};

/** What Cloud CDN refuses in a backend service's policy. */
export const CDN_POLICY_RULES: readonly CitedRules[] = [
  cite("https://cloud.google.com/compute/docs/reference/rest/v1/backendServices", {
    ...cachePolicyRules("cdnPolicy", "", ["bypassCacheOnRequestHeaders"]),
    "cdnPolicy.cacheKeyPolicy": [
      atMostOneOf("queryStringBlacklists", "queryStringWhitelists"),
      onlyWhere("includeQueryString", [true], "queryStringBlacklists", "queryStringWhitelists"),
    ],
  }),
  cite("https://cloud.google.com/iap/docs/load-balancer-howto", {
    "": inObject(({ enableCdn, iap }, report) => {
      if (enableCdn === true && nested({ iap }, "iap").enabled === true)
        report("enableCdn", "must be false beside iap, which decides on each request");
    }),
  }),
];

/**
 * @param at where the policy stands.
 * @param seconds what leads from a time to live to its seconds: they may be a number, or stand in an object.
 */
export function cachePolicyRules(
  at: string,
  seconds: "" | ".seconds",
  headers: readonly string[],
): CitedRules["rules"] {
  return {
    [at]: [
      inObject((policy, report) => checkTimesToLive(policy, seconds, report)),
      onlyWhere("negativeCaching", [true], "negativeCachingPolicies"),
    ],
    [`${at}.clientTtl${seconds}`]: whole(TTL),
    [`${at}.defaultTtl${seconds}`]: whole(TTL),
    [`${at}.maxTtl${seconds}`]: whole(TTL),
    [`${at}.serveWhileStale${seconds}`]: whole(STALE),
    [`${at}.negativeCachingPolicies`]: unique("code"),
    [`${at}.negativeCachingPolicies[].code`]: ofNumber((code) =>
      NEGATIVE_CODES.includes(code) ? undefined : `must be one of ${NEGATIVE_CODES.join(", ")}`,
    ),
    [`${at}.negativeCachingPolicies[].ttl${seconds}`]: whole({ from: 0, to: 1800, what: "seconds" }),
    ...Object.fromEntries(headers.map((name) => [`${at}.${name}`, count({ to: 5, what: "headers" })])),
  };
}

function checkTimesToLive(policy: Properties, inner: "" | ".seconds", report: Report): void {
  const { cacheMode } = policy;
  // In an object they are a text.
  const secondsOf = (name: string) =>
    inner === "" ? policy[name] : textNumber(nested(policy, name).seconds);
  for (const name of typeof cacheMode === "string" ? (NOT_IN_MODE[cacheMode] ?? []) : []) {
    // The provider does not send a zero.
    if (presence(policy[name]) === "set" && secondsOf(name) !== 0)
      report(name, `must be absent where cacheMode is ${String(cacheMode)}`);
  }
  if (cacheMode !== undefined && cacheMode !== "CACHE_ALL_STATIC") return;
  const maxTtl = secondsOf("maxTtl");
  for (const name of ["defaultTtl", "clientTtl"]) {
    const ttl = secondsOf(name);
    if (typeof ttl === "number" && typeof maxTtl === "number" && ttl > maxTtl && maxTtl > 0)
      report(name, `must be at most maxTtl, ${maxTtl}`);
  }
}

function textNumber(value: Value | undefined): Value | undefined {
  return typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
}
