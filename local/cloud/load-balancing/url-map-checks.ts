import {
  objectOf,
  objectsOf,
  type Properties,
  type Report,
  refuseOthers,
  textOf,
} from "../property-values.ts";
import { canonical } from "./references.ts";
import { route } from "./url-map.ts";

const WHO = "the local load balancer";
const REDIRECT = ["hostRedirect", "httpsRedirect", "pathRedirect", "redirectResponseCode", "stripQuery"];
const MAP = [
  "defaultService",
  "defaultUrlRedirect",
  "deletionPolicy",
  "description",
  "hostRules",
  "name",
  "pathMatchers",
  "project",
  "tests",
];

/** Names what the local load balancer doesn't do of a URL map, and each of its tests that fails. */
export function checkUrlMap(urlMap: Properties, report: Report): void {
  refuseOthers(urlMap, "", MAP, WHO, report);
  refuseOthers(objectOf(urlMap.defaultUrlRedirect), "defaultUrlRedirect", REDIRECT, WHO, report);
  for (const [index, matcher] of objectsOf(urlMap.pathMatchers).entries()) {
    const at = `pathMatchers[${index}]`;
    refuseOthers(
      matcher,
      at,
      ["defaultService", "defaultUrlRedirect", "description", "name", "pathRules"],
      WHO,
      report,
    );
    refuseOthers(objectOf(matcher.defaultUrlRedirect), `${at}.defaultUrlRedirect`, REDIRECT, WHO, report);
    for (const [place, rule] of objectsOf(matcher.pathRules).entries()) {
      const path = `${at}.pathRules[${place}]`;
      refuseOthers(rule, path, ["paths", "service", "urlRedirect"], WHO, report);
      const redirect = objectOf(rule.urlRedirect);
      refuseOthers(redirect, `${path}.urlRedirect`, [...REDIRECT, "prefixRedirect"], WHO, report);
    }
  }
  checkUrlMapTests(urlMap, canonical, report);
}

/**
 * Runs the map's own tests, as Google does before it takes a map. What a test expects of a
 * value that is not known yet is left for later.
 *
 * @param resolve brings the names of backend services into one form.
 */
function checkUrlMapTests(urlMap: Properties, resolve: (reference: string) => string, report: Report): void {
  for (const [index, test] of objectsOf(urlMap.tests).entries()) {
    const at = `tests[${index}]`;
    refuseOthers(
      test,
      at,
      ["description", "expectedOutputUrl", "expectedRedirectResponseCode", "host", "path", "service"],
      WHO,
      report,
    );
    const [host, path] = [textOf(test.host), textOf(test.path)];
    if (host === undefined || path === undefined || hasUnknownTarget(urlMap)) continue;
    const found = route(urlMap, { scheme: "http", host, target: path });
    const asked = `${host}${path}`;
    if (!found) {
      report(`${at}.path`, `must be routed by the map, but nothing takes ${asked}`);
      continue;
    }
    const service = textOf(test.service);
    const url = textOf(test.expectedOutputUrl);
    if (found.kind === "service") {
      if (test.expectedRedirectResponseCode) {
        report(`${at}.expectedRedirectResponseCode`, `must be absent: ${asked} goes to ${found.service}`);
      }
      if (service !== undefined && resolve(service) !== resolve(found.service)) {
        report(`${at}.service`, `must be where the map sends ${asked}, ${found.service}`);
      }
      if (url !== undefined && url !== asked) {
        report(`${at}.expectedOutputUrl`, `must be what the service is asked for, ${asked}`);
      }
      continue;
    }
    if (service !== undefined) {
      report(`${at}.service`, `must be absent: ${asked} is redirected to ${found.location}`);
    }
    const code = test.expectedRedirectResponseCode;
    if (typeof code === "number" && code !== 0 && code !== found.status) {
      report(`${at}.expectedRedirectResponseCode`, `must be what the map answers, ${found.status}`);
    }
    if (url !== undefined && url !== found.location) {
      report(`${at}.expectedOutputUrl`, `must be where the map redirects ${asked}, ${found.location}`);
    }
  }
}

/** In a preview, services that are yet to be made have no name; routes to them can't be compared. */
function hasUnknownTarget(urlMap: Properties): boolean {
  const holders = [urlMap, ...objectsOf(urlMap.pathMatchers)];
  const rules = objectsOf(urlMap.pathMatchers).flatMap(({ pathRules }) => objectsOf(pathRules));
  const targets = [...holders.map((holder) => holder.defaultService), ...rules.map(({ service }) => service)];
  return targets.some((target) => target !== undefined && target !== null && typeof target !== "string");
}
