import type { Report } from "../kind.ts";
import { cite, inObject } from "../rules/rule.ts";
import { isProperties, listed, type Properties, type Value } from "../values.ts";

const REDIRECT_CODES = [
  "FOUND",
  "MOVED_PERMANENTLY_DEFAULT",
  "PERMANENT_REDIRECT",
  "SEE_OTHER",
  "TEMPORARY_REDIRECT",
];
const MOST_TESTS = 100;

/** What the API refuses in a URL map. */
export const URL_MAP_RULES = [
  cite("https://cloud.google.com/compute/docs/reference/rest/v1/urlMaps", { "": inObject(checkUrlMap) }),
];

function checkUrlMap(inputs: Properties, report: Report): void {
  checkDefault(inputs, "", report);
  const matchers = new Set<Value | undefined>();
  for (const [index, matcher] of listed(inputs, "pathMatchers").entries()) {
    if (!isProperties(matcher)) continue;
    const at = `pathMatchers[${index}]`;
    if (matchers.has(matcher.name)) report(`${at}.name`, "must be the only matcher of its name");
    matchers.add(matcher.name);
    checkDefault(matcher, at, report);
    checkPathRules(matcher, at, report);
  }
  const hosts = new Set<Value>();
  for (const [index, rule] of listed(inputs, "hostRules").entries()) {
    if (!isProperties(rule)) continue;
    const at = `hostRules[${index}]`;
    if (typeof rule.pathMatcher === "string" && !matchers.has(rule.pathMatcher)) {
      report(`${at}.pathMatcher`, "must be the name of one of pathMatchers");
    }
    for (const [place, host] of listed(rule, "hosts").entries()) {
      if (hosts.has(host)) report(`${at}.hosts[${place}]`, "must be in one host rule only");
      hosts.add(host);
    }
  }
  if (listed(inputs, "tests").length > MOST_TESTS) report("tests", `must be at most ${MOST_TESTS}`);
}

/** One of three says where a request goes that no rule takes. */
function checkDefault(holder: Properties, at: string, report: Report): void {
  const choices = ["defaultService", "defaultUrlRedirect", "defaultRouteAction"];
  const prefix = at === "" ? "" : `${at}.`;
  if (choices.filter((choice) => holder[choice] !== undefined).length !== 1) {
    report(
      `${prefix}defaultService`,
      "must be set, or one of defaultUrlRedirect and defaultRouteAction alone",
    );
  }
  checkRedirect(holder.defaultUrlRedirect, `${prefix}defaultUrlRedirect`, report);
}

function checkPathRules(matcher: Properties, at: string, report: Report): void {
  const seen = new Set<Value>();
  for (const [index, rule] of listed(matcher, "pathRules").entries()) {
    if (!isProperties(rule)) continue;
    const path = `${at}.pathRules[${index}]`;
    for (const [place, pattern] of listed(rule, "paths").entries()) {
      if (typeof pattern !== "string") continue;
      if (!/^\/[^*?#]*(?:(?<=\/)\*)?$/.test(pattern)) {
        report(
          `${path}.paths[${place}]`,
          'must start with "/" and may hold "*" only as all that follows the last "/"',
        );
      }
      if (seen.has(pattern)) report(`${path}.paths[${place}]`, "must be in one path rule only");
      seen.add(pattern);
    }
    if (
      ["service", "urlRedirect", "routeAction"].filter((choice) => rule[choice] !== undefined).length !== 1
    ) {
      report(`${path}.service`, "must be set, or one of urlRedirect and routeAction alone");
    }
    checkRedirect(rule.urlRedirect, `${path}.urlRedirect`, report);
  }
}

function checkRedirect(redirect: Value | undefined, at: string, report: Report): void {
  if (!isProperties(redirect)) return;
  const { redirectResponseCode } = redirect;
  if (typeof redirectResponseCode === "string" && !REDIRECT_CODES.includes(redirectResponseCode)) {
    report(`${at}.redirectResponseCode`, `must be one of ${REDIRECT_CODES.join(", ")}`);
  }
  if (redirect.pathRedirect !== undefined && redirect.prefixRedirect !== undefined) {
    report(`${at}.prefixRedirect`, "must be absent beside pathRedirect");
  }
}
