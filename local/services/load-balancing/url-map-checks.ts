import {
  objectOf,
  objectsOf,
  type Properties,
  type Report,
  refuseOthers,
} from "../../kernel/property-values.ts";

const WHO = "the local load balancer";
const REDIRECT = ["hostRedirect", "httpsRedirect", "pathRedirect", "redirectResponseCode", "stripQuery"];
const TEST = ["description", "expectedOutputUrl", "expectedRedirectResponseCode", "host", "path", "service"];
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

/** Names what the local load balancer doesn't do of a URL map. */
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
  for (const [index, test] of objectsOf(urlMap.tests).entries()) {
    refuseOthers(test, `tests[${index}]`, TEST, WHO, report);
  }
}
