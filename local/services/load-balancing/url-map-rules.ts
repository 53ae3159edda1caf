import { count, unique } from "../../../review/rules/lists.ts";
import { whole } from "../../../review/rules/numbers.ts";
import { atLeastOneOf, atMostOneOf, presence } from "../../../review/rules/presence.ts";
import { cite, inObject, type Report, type Rule } from "../../../review/rules/rule.ts";
import { characters, matching, oneOf, rfc1035Label } from "../../../review/rules/text.ts";
import {
  isProperties,
  listed,
  nested,
  type Properties,
  UNKNOWN,
  type Value,
} from "../../../review/rules/values.ts";
import { ROUTE_RULES } from "./route-rules.ts";
import { checkUrlMapTests } from "./url-map-test-rules.ts";

const API = "https://cloud.google.com/compute/docs/reference/rest/v1/urlMaps";
const CONCEPTS = "https://cloud.google.com/load-balancing/docs/url-map-concepts";
const REDIRECT_CODES = oneOf(
  "FOUND",
  "MOVED_PERMANENTLY_DEFAULT",
  "PERMANENT_REDIRECT",
  "SEE_OTHER",
  "TEMPORARY_REDIRECT",
);
const PATH = matching(/^\//, 'must start with "/"');
/** Where requests end that no other rule takes: of the map, and of each of its path matchers. */
const DEFAULTS = inObject((holder, report) => checkTarget(holder, "default", report));
const TARGET = inObject((holder, report) => checkTarget(holder, "", report));
const REDIRECTS = [
  "defaultUrlRedirect",
  "pathMatchers[].defaultUrlRedirect",
  "pathMatchers[].pathRules[].urlRedirect",
];
/** Those of route rules too, whose paths proxies of a mesh take as they are. */
const REDIRECT_HOLDERS = [...REDIRECTS, "pathMatchers[].routeRules[].urlRedirect"];
const LENGTH = characters({ from: 1, to: 1024 });

/** What the API refuses in a URL map. */
export const URL_MAP_RULES = [
  cite(API, {
    "": [DEFAULTS, inObject(checkMatchers)],
    pathMatchers: unique("name"),
    "pathMatchers[]": [DEFAULTS, atMostOneOf("pathRules", "routeRules")],
    "pathMatchers[].name": rfc1035Label(),
    "pathMatchers[].pathRules[]": TARGET,
    "pathMatchers[].routeRules": unique("priority"),
    "pathMatchers[].routeRules[]": TARGET,
    "pathMatchers[].routeRules[].priority": whole({ from: 0, to: 2_147_483_647 }),
    ...atEach(REDIRECT_HOLDERS, "", atMostOneOf("pathRedirect", "prefixRedirect")),
    ...atEach(REDIRECT_HOLDERS, ".redirectResponseCode", REDIRECT_CODES),
    ...atEach(REDIRECT_HOLDERS, ".hostRedirect", characters({ from: 1, to: 255 })),
    ...atEach(REDIRECT_HOLDERS, ".pathRedirect", LENGTH),
    ...atEach(REDIRECT_HOLDERS, ".prefixRedirect", LENGTH),
    ...atEach(REDIRECTS, ".pathRedirect", [PATH, LENGTH]),
    ...atEach(REDIRECTS, ".prefixRedirect", [PATH, LENGTH]),
    tests: count({ to: 100, what: "tests" }),
    "tests[]": [
      atLeastOneOf("service", "expectedOutputUrl", "expectedRedirectResponseCode"),
      atMostOneOf("service", "expectedRedirectResponseCode"),
    ],
    "tests[].path": PATH,
  }),
  cite(`${CONCEPTS}#hosts`, {
    "hostRules[].hosts[]": matching(
      /^(?:\*|(?:\*[-.])?(?!-)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?)$/i,
      'must be a host name, which may begin with "*." or "*-", or "*"',
    ),
    "": inObject(checkHosts),
  }),
  cite(`${CONCEPTS}#pm-constraints`, {
    "pathMatchers[].pathRules[].paths": count({ from: 1, what: "path" }),
    "pathMatchers[].pathRules[].paths[]": matching(
      /^\/[^*?#]*(?:(?<=\/)\*)?$/,
      'must start with "/" and may hold "*" only as all that follows the last "/"',
    ),
    "pathMatchers[]": inObject(checkPaths),
  }),
  cite(`${CONCEPTS}#testing`, { "": inObject(checkUrlMapTests) }),
  ...ROUTE_RULES,
];

function atEach(holders: readonly string[], below: string, rule: Rule | readonly Rule[]) {
  return Object.fromEntries(holders.map((holder) => [`${holder}${below}`, rule]));
}

/**
 * A service, a redirect or an action says where a request goes. An action may stand beside a service,
 * unless it spreads requests over services of its own.
 */
function checkTarget(holder: Properties, prefix: "default" | "", report: Report): void {
  const nameOf = (name: string) =>
    prefix === "" ? name : prefix + name.charAt(0).toUpperCase() + name.slice(1);
  const [service, redirect, action] = [nameOf("service"), nameOf("urlRedirect"), nameOf("routeAction")];
  atLeastOneOf(service, redirect, action)(holder, report);
  atMostOneOf(redirect, service)(holder, report);
  atMostOneOf(redirect, action)(holder, report);
  if (!isProperties(holder[action])) return;
  const { weightedBackendServices } = nested(holder, action);
  if (presence(holder[service]) === "set" && presence(weightedBackendServices) === "set") {
    report(`${action}.weightedBackendServices`, `must be absent beside ${service}`);
  }
  if (presence(holder[service]) === "absent" && presence(weightedBackendServices) === "absent") {
    report(service, `must be set beside a ${action} that names no services`);
  }
}

function checkMatchers(urlMap: Properties, report: Report): void {
  const names = listed(urlMap, "pathMatchers").map((matcher) =>
    isProperties(matcher) ? matcher.name : matcher,
  );
  if (urlMap.pathMatchers === UNKNOWN || names.includes(UNKNOWN)) return;
  for (const [index, rule] of listed(urlMap, "hostRules").entries()) {
    if (isProperties(rule) && typeof rule.pathMatcher === "string" && !names.includes(rule.pathMatcher)) {
      report(`hostRules[${index}].pathMatcher`, "must be the name of one of pathMatchers");
    }
  }
}

function checkHosts(urlMap: Properties, report: Report): void {
  const seen = new Set<Value>();
  for (const [index, rule] of listed(urlMap, "hostRules").entries()) {
    if (!isProperties(rule)) continue;
    for (const [place, host] of listed(rule, "hosts").entries()) {
      if (seen.has(host) && host !== UNKNOWN) {
        report(`hostRules[${index}].hosts[${place}]`, "must be in one host rule only");
      }
      seen.add(host);
    }
  }
}

function checkPaths(matcher: Properties, report: Report): void {
  const seen = new Set<Value>();
  for (const [index, rule] of listed(matcher, "pathRules").entries()) {
    if (!isProperties(rule)) continue;
    for (const [place, path] of listed(rule, "paths").entries()) {
      if (seen.has(path) && path !== UNKNOWN) {
        report(`pathRules[${index}].paths[${place}]`, "must be in one path rule only");
      }
      seen.add(path);
    }
  }
}
