import { expect, test } from "@jest/globals";
import type { Properties, Report } from "../../kernel/property-values.ts";
import * as checks from "./checks.ts";
import { checkSecurityPolicy, judge } from "./security-policy.ts";

function mistakes(check: (properties: Properties, report: Report) => void, properties: Properties): string[] {
  const found: string[] = [];
  check(properties, (path, rule) => found.push(`${path} ${rule}`));
  return found;
}

const ABSENT = "must be absent: the local load balancer does not do it";

test.each<[string, (properties: Properties, report: Report) => void, Properties, string[]]>([
  [
    "a forwarding rule",
    checks.checkForwardingRule,
    { loadBalancingScheme: "EXTERNAL", sourceIpRanges: ["10.0.0.0/8"] },
    [
      `sourceIpRanges ${ABSENT}`,
      "loadBalancingScheme must be EXTERNAL_MANAGED: the local load balancer is of no other kind",
    ],
  ],
  ["an HTTP proxy", checks.checkTargetHttpProxy, { urlMap: "m", proxyBind: true }, [`proxyBind ${ABSENT}`]],
  [
    "an HTTPS proxy",
    checks.checkTargetHttpsProxy,
    { urlMap: "m", sslCertificates: ["c"], quicOverride: "ENABLE" },
    [`sslCertificates ${ABSENT}`, "quicOverride must be NONE: the local load balancer has nothing else"],
  ],
  [
    "a backend service",
    checks.checkBackendService,
    {
      loadBalancingScheme: "EXTERNAL_MANAGED",
      timeoutSec: 30,
      enableCdn: true,
      backends: [{ group: "a", maxRate: 1 }, { group: "b" }],
    },
    [
      `timeoutSec ${ABSENT}`,
      `enableCdn ${ABSENT}`,
      "backends must be one: the local load balancer balances between no regions",
      `backends[0].maxRate ${ABSENT}`,
    ],
  ],
  [
    "a network endpoint group",
    checks.checkNetworkEndpointGroup,
    { region: "r", cloudRun: { service: "s", urlMask: "<service>" }, appEngine: { service: "a" } },
    [`appEngine ${ABSENT}`, `cloudRun.urlMask ${ABSENT}`],
  ],
  [
    "an SSL policy",
    checks.checkSslPolicy,
    { profile: "CUSTOM", customFeatures: ["X"] },
    [
      `customFeatures ${ABSENT}`,
      "profile must be COMPATIBLE, MODERN or RESTRICTED: the local load balancer knows no CUSTOM",
    ],
  ],
  [
    "a certificate",
    checks.checkCertificate,
    { selfManaged: { pemCertificate: "c" }, scope: "ALL_REGIONS" },
    [`selfManaged ${ABSENT}`, "scope must be DEFAULT: the local load balancer is the only place"],
  ],
  [
    "a security policy",
    checkSecurityPolicy,
    {
      rules: [
        {
          priority: 1,
          action: "throttle",
          match: { versionedExpr: "SRC_IPS_V1" },
          rateLimitOptions: { enforceOnKey: "IP" },
        },
        {
          priority: 2,
          action: "allow",
          match: { expr: { expression: "origin.region_code == 'DE'" } },
        },
      ],
    },
    [
      `rules[0].rateLimitOptions ${ABSENT}`,
      "rules[0].action must be allow or deny(STATUS): the local load balancer knows no throttle",
      "rules[1].match.expr.expression must be without origin.region_code: the local load balancer does not evaluate it",
    ],
  ],
])("names what it doesn't do of %s", (_, check, properties, expected) => {
  expect(mistakes(check, properties)).toEqual(expected);
});

test("what a provider fills in by itself is nothing to refuse", () => {
  expect(
    mistakes(checks.checkBackendService, {
      loadBalancingScheme: "EXTERNAL_MANAGED",
      enableCdn: false,
      customRequestHeaders: [],
      iap: {},
      healthChecks: null,
      connectionDrainingTimeoutSec: 300,
    }),
  ).toEqual([]);
});

const rule = (priority: number, action: string, ...srcIpRanges: string[]) => ({
  priority,
  action,
  match: { config: { srcIpRanges } },
});

test.each([
  ["151.101.1.57", { allowed: true, headers: {} }],
  ["151.101.9.9", { allowed: false, status: 404 }],
  ["2a04:4e42::1", { allowed: true, headers: {} }],
  ["::ffff:151.101.1.57", { allowed: true, headers: {} }],
  ["192.0.2.1", { allowed: false, status: 403 }],
])("judges %s by the first rule that holds", (address, expected) => {
  const rules = [
    rule(2_147_483_647, "deny(403)", "*"),
    rule(20, "allow", "151.101.0.0/16", "2a04:4e42::/32"),
    rule(10, "deny(404)", "151.101.9.9"),
    { ...rule(1, "deny(502)", "*"), preview: true },
  ];
  expect(judge({ rules }, { address, headers: {} })).toEqual(expected);
});

const SECRET = "request.headers['x-secret']";

test.each([
  [`${SECRET} == 'a'`, { "x-secret": "a" }, true],
  [`${SECRET} == 'a'`, { "x-secret": "b" }, false],
  [`${SECRET} != "a" && ${SECRET} != "b"`, { "x-secret": "c" }, true],
  [`${SECRET} != "a" && ${SECRET} != "b"`, { "x-secret": "b" }, false],
  [`has(${SECRET})`, {}, false],
  [`!has(${SECRET})`, {}, true],
  [`!has(${SECRET}) || (${SECRET} != 'a' && ${SECRET} != 'b')`, {}, true],
  [`!(!has(${SECRET}) || ${SECRET} != 'a')`, { "x-secret": "a" }, true],
  // Without a result no rule matches, denied or not.
  [`${SECRET} != 'a'`, {}, false],
  [`!(${SECRET} == 'a')`, {}, false],
  [`${SECRET} == 'a' || has(request.headers['x-other'])`, { "x-other": "1" }, true],
  [`has(request.headers['x-other']) && ${SECRET} == 'a'`, {}, false],
] as const)("evaluates %s of %j", (expression, headers, matches) => {
  const rules = [
    { priority: 1, action: "deny(403)", match: { expr: { expression } } },
    rule(2_147_483_647, "allow", "*"),
  ];
  expect(judge({ rules }, { address: "192.0.2.1", headers }).allowed).toBe(!matches);
});

test.each([
  "true",
  "has(request.path)",
  `${SECRET}.contains('a')`,
  `${SECRET} == 'a' )`,
  `(${SECRET} == 'a'`,
  `${SECRET} ==`,
])("evaluates nothing of %s", (expression) => {
  const rules = [{ priority: 1, action: "allow", match: { expr: { expression } } }];
  expect(mistakes(checkSecurityPolicy, { rules })).toEqual([
    expect.stringContaining("rules[0].match.expr.expression must be without"),
  ]);
});
