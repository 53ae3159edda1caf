import { between, whole } from "../../../review/rules/numbers.ts";
import { atMostOneOf, exactlyOneOf, presence } from "../../../review/rules/presence.ts";
import { type CitedRules, cite, inObject, type Report, type Rule } from "../../../review/rules/rule.ts";
import { characters, matching } from "../../../review/rules/text.ts";
import { isProperties, listed, nested, type Properties } from "../../../review/rules/values.ts";
import { cachePolicyRules } from "./cache-policy-rules.ts";

const API = "https://cloud.google.com/compute/docs/reference/rest/v1/urlMaps";
const PATH_MATCHES = ["prefixMatch", "fullPathMatch", "regexMatch", "pathTemplateMatch"];
const HEADER_MATCHES = [
  "exactMatch",
  "prefixMatch",
  "suffixMatch",
  "regexMatch",
  "presentMatch",
  "rangeMatch",
];
const PATH = matching(/^\//, 'must start with "/"');
const PERCENTAGE = between({ from: 0, to: 100, what: "percent" });
const MATCHES = "pathMatchers[].routeRules[].matchRules[]";
const ACTIONS = [
  "defaultRouteAction",
  "pathMatchers[].defaultRouteAction",
  "pathMatchers[].pathRules[].routeAction",
  "pathMatchers[].routeRules[].routeAction",
];
const ERROR_POLICIES = [
  "defaultCustomErrorResponsePolicy",
  "pathMatchers[].defaultCustomErrorResponsePolicy",
  "pathMatchers[].pathRules[].customErrorResponsePolicy",
  "pathMatchers[].routeRules[].customErrorResponsePolicy",
];
/** The provider does not send `presentMatch: false`. */
const exactlyOneMatch = (...names: readonly string[]): Rule =>
  inObject(({ presentMatch, ...match }, report) => {
    exactlyOneOf(...names)(presentMatch === false ? match : { presentMatch, ...match }, report);
  });

/** Without a weight above zero no request goes anywhere. */
const checkWeights: Rule = (services, report) => {
  const weights = listed({ services }, "services").map((service) =>
    isProperties(service) ? service.weight : service,
  );
  if (weights.length > 0 && weights.every((weight) => weight === 0))
    report("", "must have one with a weight above 0");
};

/** What a URL map's rules for advanced routing may say, and what only one at a time. */
export const ROUTE_RULES: readonly CitedRules[] = [
  cite(API, {
    [MATCHES]: atMostOneOf(...PATH_MATCHES),
    [`${MATCHES}.prefixMatch`]: [PATH, characters({ from: 1, to: 1024 })],
    [`${MATCHES}.fullPathMatch`]: characters({ from: 1, to: 1024 }),
    [`${MATCHES}.pathTemplateMatch`]: [PATH, characters({ from: 1, to: 255 })],
    [`${MATCHES}.headerMatches[]`]: exactlyOneMatch(...HEADER_MATCHES),
    [`${MATCHES}.headerMatches[].rangeMatch`]: inObject(({ rangeStart, rangeEnd }, report) => {
      if (typeof rangeStart === "number" && typeof rangeEnd === "number" && rangeStart >= rangeEnd)
        report("rangeEnd", "must be more than rangeStart, for it is not in the range");
    }),
    [`${MATCHES}.queryParameterMatches[]`]: exactlyOneMatch("exactMatch", "presentMatch", "regexMatch"),
    "pathMatchers[].routeRules[]": inObject(checkTemplateRewrite),
    ...Object.assign({}, ...ACTIONS.map(actionRules)),
    ...Object.fromEntries(
      ERROR_POLICIES.flatMap((at) => [
        [`${at}.errorResponseRules[].path`, PATH],
        [`${at}.errorResponseRules[].overrideResponseCode`, whole({ from: 200, to: 599, what: "a status" })],
      ]),
    ),
  }),
];

function actionRules(at: string): CitedRules["rules"] {
  return {
    [`${at}.urlRewrite`]: atMostOneOf("pathPrefixRewrite", "pathTemplateRewrite"),
    [`${at}.urlRewrite.hostRewrite`]: characters({ from: 1, to: 255 }),
    [`${at}.urlRewrite.pathPrefixRewrite`]: characters({ from: 1, to: 1024 }),
    [`${at}.weightedBackendServices[].weight`]: whole({ from: 0, to: 1000 }),
    [`${at}.weightedBackendServices`]: checkWeights,
    [`${at}.requestMirrorPolicy.mirrorPercent`]: PERCENTAGE,
    [`${at}.retryPolicy.numRetries`]: whole({ from: 1, to: 2_147_483_647, what: "retries" }),
    [`${at}.faultInjectionPolicy.abort.httpStatus`]: whole({ from: 200, to: 599, what: "a status" }),
    [`${at}.faultInjectionPolicy.abort.percentage`]: PERCENTAGE,
    [`${at}.faultInjectionPolicy.delay.percentage`]: PERCENTAGE,
    ...cachePolicyRules(`${at}.cachePolicy`, ".seconds", ["cacheBypassRequestHeaderNames"]),
  };
}

/** A rewrite by template takes up what a match by template has captured. */
function checkTemplateRewrite(rule: Properties, report: Report): void {
  const { pathTemplateRewrite } = nested(nested(rule, "routeAction"), "urlRewrite");
  if (presence(pathTemplateRewrite) !== "set") return;
  for (const [index, match] of listed(rule, "matchRules").entries()) {
    if (isProperties(match) && presence(match.pathTemplateMatch) === "absent")
      report(`matchRules[${index}].pathTemplateMatch`, "must be set beside pathTemplateRewrite");
  }
}
