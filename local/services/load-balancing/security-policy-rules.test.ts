import { describeRefusals } from "../testing/refusals.ts";
import { COMPUTE_KINDS } from "./kinds.ts";

const LIMIT = "rules[1].rateLimitOptions";
const EXPRESSION = "rules[2].match.expr.expression";

describeRefusals(
  COMPUTE_KINDS,
  "gcp:compute/securityPolicy:SecurityPolicy",
  {
    rules: [
      {
        priority: 2_147_483_647,
        action: "deny(403)",
        match: { versionedExpr: "SRC_IPS_V1", config: { srcIpRanges: ["*"] } },
      },
      {
        priority: 1,
        action: "throttle",
        match: {
          versionedExpr: "SRC_IPS_V1",
          config: { srcIpRanges: ["151.101.0.0/16", "2a04:4e40::/32", "192.0.2.1"] },
        },
        rateLimitOptions: {
          conformAction: "allow",
          exceedAction: "deny(429)",
          enforceOnKey: "USER_IP",
          rateLimitThreshold: { count: 100, intervalSec: 60 },
        },
      },
      {
        priority: 2,
        action: "allow",
        match: {
          expr: {
            expression:
              "request.path.matches('^/v1/(a||b&&c)||d||e') && (origin.region_code == \"DE\" || !inIpRange(origin.ip, '10.0.0.0/8')) && request.headers['x-a'].lower().contains('b')",
          },
        },
      },
    ],
  },
  [
    [
      { "rules[0].priority": 3 },
      "rules must hold the default rule, of priority 2147483647",
      "/securityPolicies",
    ],
    [
      { "rules[0].match.config.srcIpRanges[0]": "10.0.0.0/8" },
      "rules[0].match.config.srcIpRanges must be * in the default rule",
      "/securityPolicies",
      "rules[0].description",
    ],
    [{ "rules[2].priority": 1 }, "rules[2].priority must be the only one of its value", "/securityPolicies"],
    [{ "rules[1].priority": -1 }, "rules[1].priority must be a whole number from 0", "/securityPolicies"],
    [{ "rules[2].action": "deny" }, "rules[2].action must be allow, deny(403)", "/securityPolicies"],
    [{ "rules[2].action": "deny(401)" }, "rules[2].action must be allow, deny(403)", "/securityPolicies"],
    [
      { "rules[2].description": "d".repeat(65) },
      "rules[2].description must have at most 64 characters",
      "/securityPolicies",
    ],
    [{ "rules[2].match": undefined }, "rules[2].match must be set", "compute.SecurityPolicyRule"],
    [
      { "rules[2].match.expr": undefined },
      "rules[2].match.versionedExpr must be set, or expr",
      "/securityPolicies",
      "rules[2].description",
    ],
    [
      { "rules[1].match.config": undefined },
      "rules[1].match.config must be set beside versionedExpr",
      "/securityPolicies",
    ],
    [
      { "rules[1].match.config.srcIpRanges": Array.from({ length: 11 }, (_, index) => `10.${index}.0.0/16`) },
      "rules[1].match.config.srcIpRanges must be 1 to 10 ranges",
      "/armor/quotas",
      "rules[1].description",
    ],
    [
      { "rules[1].match.config.srcIpRanges[1]": "0.0.0.0/99" },
      "rules[1].match.config.srcIpRanges[1] must have a prefix of at most 32 bits",
      "/securityPolicies",
    ],
    [
      { "rules[1].match.config.srcIpRanges[1]": "10.0.0.1/8" },
      "rules[1].match.config.srcIpRanges[1] must have no bits beyond its prefix",
      "/securityPolicies",
    ],
    [
      { "rules[1].match.config.srcIpRanges[1]": "fastly" },
      "rules[1].match.config.srcIpRanges[1] must be a CIDR range",
      "/securityPolicies",
    ],
    [{ [LIMIT]: undefined }, `${LIMIT} must be set where action is throttle`, "/securityPolicies"],
    [
      { "rules[1].action": "allow" },
      `${LIMIT} must be absent unless action is throttle`,
      "/securityPolicies",
    ],
    [
      { [`${LIMIT}.conformAction`]: undefined },
      `${LIMIT}.conformAction must be set for throttle`,
      "/armor/docs/rate-limiting",
    ],
    [
      { [`${LIMIT}.conformAction`]: "deny(403)" },
      `${LIMIT}.conformAction must be one of allow`,
      "/armor/docs/rate-limiting",
    ],
    [
      { [`${LIMIT}.exceedAction`]: "deny(500)" },
      `${LIMIT}.exceedAction must be deny(403)`,
      "/armor/docs/rate-limiting",
    ],
    [
      { [`${LIMIT}.rateLimitThreshold`]: undefined },
      `${LIMIT}.rateLimitThreshold must be set for throttle`,
      "/armor/docs/rate-limiting",
    ],
    [
      { [`${LIMIT}.rateLimitThreshold.count`]: 0 },
      `${LIMIT}.rateLimitThreshold.count must be a whole number from 1`,
      "/armor/docs/rate-limiting",
      "description",
    ],
    [
      { [`${LIMIT}.rateLimitThreshold.intervalSec`]: 45 },
      `${LIMIT}.rateLimitThreshold.intervalSec must be one of 10, 30`,
      "/armor/docs/rate-limiting",
      "description",
    ],
    [
      { [`${LIMIT}.enforceOnKey`]: "CLIENT" },
      `${LIMIT}.enforceOnKey must be one of ALL`,
      "compute.SecurityPolicyRuleRateLimitOptions",
    ],
    [
      { [`${LIMIT}.enforceOnKey`]: "HTTP_HEADER" },
      `${LIMIT}.enforceOnKeyName must be set where enforceOnKey is HTTP_HEADER`,
      "/armor/docs/rate-limiting",
    ],
    [
      { [`${LIMIT}.banDurationSec`]: 60 },
      `${LIMIT}.banDurationSec must be absent unless action is rate_based_ban`,
      "/armor/docs/rate-limiting",
    ],
    [
      { "rules[1].action": "rate_based_ban" },
      `${LIMIT}.banDurationSec must be set for rate_based_ban`,
      "/armor/docs/rate-limiting",
    ],
    [
      { "rules[2].action": "redirect" },
      "rules[2].redirectOptions must be set where action is redirect",
      "/securityPolicies",
    ],
    [
      { "rules[2].action": "redirect", "rules[2].redirectOptions.type": "EXTERNAL_302" },
      "rules[2].redirectOptions.target must be set",
      "/securityPolicies",
      "rules[2].description",
    ],
    [
      { "advancedOptionsConfig.logLevel": "LOUD" },
      "advancedOptionsConfig.logLevel must be one of NORMAL",
      "/securityPolicies",
    ],
    [
      { "advancedOptionsConfig.jsonParsing": "ON" },
      "advancedOptionsConfig.jsonParsing must be one of DISABLED",
      "/securityPolicies",
    ],
    [{ type: "FIREWALL" }, "type must be one of CLOUD_ARMOR", "/securityPolicies"],
    [
      { [EXPRESSION]: "" },
      `${EXPRESSION} must not be empty`,
      "/rules-language-reference",
      "rules[2].description",
    ],
    [
      { [EXPRESSION]: "request.path.matches('/a'" },
      `${EXPRESSION} must close its (`,
      "/rules-language-reference",
      "rules[2].description",
    ],
    [
      { [EXPRESSION]: "request.path == '/a' &&" },
      `${EXPRESSION} must end with a value`,
      "/rules-language-reference",
      "rules[2].description",
    ],
    [
      { [EXPRESSION]: "req.path == '/a'" },
      `${EXPRESSION} must be of the attributes and functions of the rules language, and req is none`,
      "/rules-language-reference",
      "rules[2].description",
    ],
    [
      { [EXPRESSION]: "request.path = '/a'" },
      `${EXPRESSION} must be in the rules language, which has no = '/a'`,
      "/rules-language-reference",
      "rules[2].description",
    ],
    [
      { [EXPRESSION]: Array(6).fill("true").join(" || ") },
      `${EXPRESSION} must join at most 5 subexpressions`,
      "/rules-language-reference",
      "rules[2].description",
    ],
  ],
);
