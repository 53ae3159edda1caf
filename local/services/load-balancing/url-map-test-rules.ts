import { objectsOf, type Properties, type Report, textOf } from "../../kernel/property-values.ts";
import { canonical } from "../google/names.ts";
import { type Route, route } from "./url-map.ts";

/** Stands for the name of a service that is yet to be made. */
const NOT_KNOWN = "[unknown]";

/**
 * Runs the map's own tests, as Google does before it takes a map. What a test expects of a value that is
 * not known yet is left for later, and so are tests of a map that this load balancer can't follow.
 */
export function checkUrlMapTests(urlMap: Properties, report: Report): void {
  const followed = followable(urlMap);
  if (!followed) return;
  for (const [index, test] of objectsOf(urlMap.tests).entries()) {
    const at = `tests[${index}]`;
    const [host, path] = [textOf(test.host), textOf(test.path)];
    if (host === undefined || path === undefined) continue;
    const found = route(followed, { scheme: "http", host, target: path });
    const asked = `${host}${path}`;
    if (!found) report(`${at}.path`, `must be routed by the map, but nothing takes ${asked}`);
    else if (found.kind === "service") expectService(test, found.service, asked, at, report);
    else expectRedirect(test, found, asked, at, report);
  }
}

function expectService(test: Properties, found: string, asked: string, at: string, report: Report): void {
  if (test.expectedRedirectResponseCode) {
    report(`${at}.expectedRedirectResponseCode`, `must be absent: ${asked} goes to ${found}`);
  }
  const service = textOf(test.service);
  if (service !== undefined && found !== NOT_KNOWN && canonical(service) !== canonical(found)) {
    report(`${at}.service`, `must be where the map sends ${asked}, ${found}`);
  }
  const url = textOf(test.expectedOutputUrl);
  if (url !== undefined && url.replace(/^https?:\/\//, "") !== asked) {
    report(`${at}.expectedOutputUrl`, `must be what the service is asked for, ${asked}`);
  }
}

function expectRedirect(
  test: Properties,
  { status, location }: Extract<Route, { kind: "redirect" }>,
  asked: string,
  at: string,
  report: Report,
): void {
  if (test.service !== undefined) {
    report(`${at}.service`, `must be absent: ${asked} is redirected to ${location}`);
  }
  const code = test.expectedRedirectResponseCode;
  if (typeof code === "number" && code !== 0 && code !== status) {
    report(`${at}.expectedRedirectResponseCode`, `must be what the map answers, ${status}`);
  }
  const url = textOf(test.expectedOutputUrl);
  if (url !== undefined && url !== location) {
    report(`${at}.expectedOutputUrl`, `must be where the map redirects ${asked}, ${location}`);
  }
}

/**
 * The map with a stand-in for every service that has no name yet, as all have in a preview of what is yet
 * to be made. `undefined` when anything else that decides a route is unknown, or is not followed here.
 */
function followable(urlMap: Properties): Properties | undefined {
  const named = (holder: Properties, property: string): Properties =>
    typeof holder[property] === "symbol" ? { ...holder, [property]: NOT_KNOWN } : holder;
  const pathMatchers = objectsOf(urlMap.pathMatchers).map((matcher) => ({
    ...named(matcher, "defaultService"),
    ...(Array.isArray(matcher.pathRules) && {
      pathRules: objectsOf(matcher.pathRules).map((rule) => named(rule, "service")),
    }),
  }));
  const map: Properties = {
    ...named(urlMap, "defaultService"),
    ...(Array.isArray(urlMap.pathMatchers) && { pathMatchers }),
  };
  const { hostRules, defaultService, defaultUrlRedirect, defaultRouteAction } = map;
  const deciding = { hostRules, pathMatchers: map.pathMatchers, defaultService, defaultUrlRedirect };
  return defaultRouteAction !== undefined || isBeyond(deciding) ? undefined : map;
}

/** Whether something is not known, or a rule that isn't followed here. */
function isBeyond(value: unknown): boolean {
  if (typeof value === "symbol") return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(
    ([name, inner]) => /routeRules|RouteAction$/i.test(name) || isBeyond(inner),
  );
}
