import { count, unique } from "../../../review/rules/lists.ts";
import { brokenCidr } from "../../../review/rules/network.ts";
import { whole } from "../../../review/rules/numbers.ts";
import {
  atMostOneOf,
  dependent,
  exactlyOneOf,
  onlyWhere,
  presence,
  requiredWith,
} from "../../../review/rules/presence.ts";
import { cite, inList, inObject, ofNumber, ofText, type Report } from "../../../review/rules/rule.ts";
import { characters, matching, oneOf } from "../../../review/rules/text.ts";
import { isProperties, listed, type Properties, UNKNOWN, type Value } from "../../../review/rules/values.ts";
import { brokenExpression } from "./armor-syntax.ts";

const API = "https://cloud.google.com/compute/docs/reference/rest/v1/securityPolicies";
const RATE_LIMITS = "https://cloud.google.com/armor/docs/rate-limiting-overview";
const LANGUAGE = "https://cloud.google.com/armor/docs/rules-language-reference";
const DEFAULT_PRIORITY = 2_147_483_647;
const MOST_RANGES = 10;
const INTERVALS = [10, 30, 60, 120, 180, 240, 300, 600, 900, 1200, 1800, 2700, 3600];
const LIMITED = ["throttle", "rate_based_ban"];
const OPTIONS = "rules[].rateLimitOptions";
const INTERVAL = ofNumber((seconds) =>
  INTERVALS.includes(seconds) ? undefined : `must be one of ${INTERVALS.join(", ")} (seconds)`,
);

/** What Cloud Armor refuses. */
export const SECURITY_POLICY_RULES = [
  cite(API, {
    type: oneOf("CLOUD_ARMOR", "CLOUD_ARMOR_EDGE", "CLOUD_ARMOR_INTERNAL_SERVICE"),
    "": inObject(checkType),
    rules: [unique("priority"), inList(checkDefaultRule)],
    "rules[].priority": whole({ from: 0, to: DEFAULT_PRIORITY }),
    "rules[].description": characters({ to: 64 }),
    "rules[].action": matching(
      /^(allow|deny\((403|404|502)\)|throttle|rate_based_ban|redirect)$/,
      "must be allow, deny(403), deny(404), deny(502), throttle, rate_based_ban or redirect",
    ),
    "rules[]": [
      dependent("action", LIMITED, { required: ["rateLimitOptions"] }),
      onlyWhere("action", LIMITED, "rateLimitOptions"),
      dependent("action", ["redirect"], { required: ["redirectOptions"] }),
      onlyWhere("action", ["redirect"], "redirectOptions"),
      onlyWhere("action", ["allow", ...LIMITED], "headerAction"),
    ],
    "rules[].match": [
      exactlyOneOf("versionedExpr", "expr"),
      requiredWith("versionedExpr", "config"),
      requiredWith("config", "versionedExpr"),
    ],
    "rules[].match.config": inObject(({ srcIpRanges }, report) => {
      if (presence(srcIpRanges) === "absent") report("srcIpRanges", "must hold a range");
    }),
    "rules[].match.config.srcIpRanges[]": ofText((range) =>
      range === "*" ||
      brokenCidr(range.includes("/") ? range : `${range}/${range.includes(":") ? 128 : 32}`) === undefined
        ? undefined
        : `${brokenCidr(range)}, an address or *`,
    ),
    "rules[].redirectOptions": [
      dependent("type", ["EXTERNAL_302"], { required: ["target"] }),
      dependent("type", ["GOOGLE_RECAPTCHA"], { absent: ["target"] }),
    ],
    "rules[].redirectOptions.type": oneOf("EXTERNAL_302", "GOOGLE_RECAPTCHA"),
    "advancedOptionsConfig.jsonParsing": oneOf("DISABLED", "STANDARD", "STANDARD_WITH_GRAPHQL"),
    "advancedOptionsConfig.logLevel": oneOf("NORMAL", "VERBOSE"),
    "advancedOptionsConfig.requestBodyInspectionSize": matching(
      /^(8|16|32|48|64)KB$/i,
      "must be one of 8KB, 16KB, 32KB, 48KB, 64KB",
    ),
    advancedOptionsConfig: onlyWhere(
      "jsonParsing",
      ["STANDARD", "STANDARD_WITH_GRAPHQL"],
      "jsonCustomConfig",
    ),
  }),
  cite("https://cloud.google.com/armor/quotas", {
    "rules[].match.config.srcIpRanges": count({ from: 1, to: MOST_RANGES, what: "ranges" }),
  }),
  cite(LANGUAGE, { "rules[].match.expr.expression": ofText(brokenExpression) }),
  cite(RATE_LIMITS, {
    "rules[]": inObject(checkRateLimit),
    [OPTIONS]: [
      atMostOneOf("enforceOnKeyConfigs", "enforceOnKey"),
      dependent("enforceOnKey", ["HTTP_HEADER", "HTTP_COOKIE"], { required: ["enforceOnKeyName"] }),
      onlyWhere("enforceOnKey", ["HTTP_HEADER", "HTTP_COOKIE"], "enforceOnKeyName"),
      dependent("exceedAction", ["redirect"], { required: ["exceedRedirectOptions"] }),
      onlyWhere("exceedAction", ["redirect"], "exceedRedirectOptions"),
    ],
    [`${OPTIONS}.conformAction`]: oneOf("allow"),
    [`${OPTIONS}.exceedAction`]: matching(
      /^(deny\((403|404|429|502)\)|redirect)$/,
      "must be deny(403), deny(404), deny(429), deny(502) or redirect",
    ),
    [`${OPTIONS}.rateLimitThreshold`]: inObject((threshold, report) => {
      for (const name of ["count", "intervalSec"]) {
        if (presence(threshold[name]) === "absent") report(name, "must be set");
      }
    }),
    [`${OPTIONS}.rateLimitThreshold.count`]: whole({ from: 1, to: 1_000_000, what: "requests" }),
    [`${OPTIONS}.rateLimitThreshold.intervalSec`]: INTERVAL,
    [`${OPTIONS}.banThreshold.intervalSec`]: INTERVAL,
    [`${OPTIONS}.enforceOnKeyConfigs`]: count({ from: 1, to: 3, what: "keys" }),
    [`${OPTIONS}.enforceOnKeyConfigs[]`]: [
      dependent("enforceOnKeyType", ["HTTP_HEADER", "HTTP_COOKIE"], { required: ["enforceOnKeyName"] }),
      onlyWhere("enforceOnKeyType", ["HTTP_HEADER", "HTTP_COOKIE"], "enforceOnKeyName"),
    ],
  }),
];

/** At the edge, before a cache, requests are let through or not; all else is decided behind it. */
function checkType({ type, rules, adaptiveProtectionConfig }: Properties, report: Report): void {
  if (type === "CLOUD_ARMOR_EDGE") {
    for (const [index, rule] of listed({ rules }, "rules").entries()) {
      if (!isProperties(rule) || typeof rule.action !== "string") continue;
      if (!/^(allow|deny\(\d+\))$/.test(rule.action))
        report(`rules[${index}].action`, "must be allow or deny where type is CLOUD_ARMOR_EDGE");
      if (presence(rule.headerAction) === "set")
        report(`rules[${index}].headerAction`, "must be absent where type is CLOUD_ARMOR_EDGE");
    }
  }
  if (
    typeof type === "string" &&
    !["", "CLOUD_ARMOR"].includes(type) &&
    presence(adaptiveProtectionConfig) === "set"
  )
    report("adaptiveProtectionConfig", `must be absent where type is ${type}`);
}

/** The rule that takes what no other takes: without it the API makes no policy. */
function checkDefaultRule(rules: readonly Value[], report: Report): void {
  const priorities = rules.map((rule) => (isProperties(rule) ? rule.priority : rule));
  if (priorities.includes(UNKNOWN)) return;
  const index = priorities.indexOf(DEFAULT_PRIORITY);
  if (index < 0) report("", `must hold the default rule, of priority ${DEFAULT_PRIORITY}`);
  const rule = rules[index];
  if (!isProperties(rule) || !isProperties(rule.match) || !isProperties(rule.match.config)) return;
  const { srcIpRanges } = rule.match.config;
  if (Array.isArray(srcIpRanges) && !srcIpRanges.includes("*") && !srcIpRanges.includes(UNKNOWN)) {
    report(`[${index}].match.config.srcIpRanges`, "must be * in the default rule");
  }
}

function checkRateLimit({ action, rateLimitOptions: options }: Properties, report: Report): void {
  if (!isProperties(options) || typeof action !== "string" || !LIMITED.includes(action)) return;
  for (const name of ["conformAction", "exceedAction", "rateLimitThreshold"]) {
    if (presence(options[name]) === "absent") report(`rateLimitOptions.${name}`, `must be set for ${action}`);
  }
  const isBan = action === "rate_based_ban";
  if (isBan && presence(options.banDurationSec) === "absent") {
    report("rateLimitOptions.banDurationSec", "must be set for rate_based_ban");
  }
  for (const name of ["banDurationSec", "banThreshold"]) {
    if (!isBan && presence(options[name]) === "set") {
      report(`rateLimitOptions.${name}`, "must be absent unless action is rate_based_ban");
    }
  }
}
