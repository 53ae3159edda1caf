import { describe, expect, test } from "@jest/globals";
import { type Properties, UNKNOWN } from "../../../review/rules/values.ts";
import { describeAcceptance, describeRefusals } from "../testing/refusals.ts";
import { FASTLY_KINDS } from "./kinds.ts";
import { brokenVclCode, brokenVclExpression } from "./vcl-syntax.ts";

const BACKENDS = "/services/backend/";
const CONDITIONS = "/vcl-services/condition/";
const HEADERS = "/vcl-services/header/";

describeRefusals(
  FASTLY_KINDS,
  "fastly:index/serviceVcl:ServiceVcl",
  {
    name: "edge",
    domains: [{ name: "edge.acme.test" }, { name: "*.shop.acme.test" }],
    conditions: [
      {
        name: "acme",
        type: "REQUEST",
        priority: 10,
        statement: 'req.url.path ~ "^/\\.well-known/acme-challenge/"',
      },
      { name: "fresh", type: "CACHE", statement: "beresp.status == 200 && beresp.ttl > 10s" },
    ],
    backends: [
      { name: "acme", address: "203.0.113.7", port: 80, requestCondition: "acme" },
      {
        name: "origin",
        address: "origin.acme.test",
        port: 443,
        useSsl: true,
        sslSniHostname: "origin.acme.test",
        sslCertHostname: "origin.acme.test",
        minTlsVersion: "1.2",
        shield: "frankfurt-de",
        healthcheck: "alive",
      },
    ],
    healthchecks: [{ name: "alive", host: "origin.acme.test", path: "/", window: 5, threshold: 3 }],
    directors: [{ name: "all", backends: ["origin"] }],
    headers: [
      {
        name: "hsts",
        action: "set",
        type: "response",
        destination: "http.Strict-Transport-Security",
        source: '"max-age=300"',
      },
    ],
    requestSettings: [{ name: "pass", action: "pass", requestCondition: "acme", xff: "append" }],
    snippets: [
      { name: "recv", type: "recv", content: 'set req.http.X = "{" req.url; # {\nif (req.url) { esi; }' },
    ],
  },
  [
    [
      { "domains[1].name": "https://acme.test" },
      "domains[1].name must be a domain name",
      "/services/domain/",
    ],
    [
      { "domains[1].name": "edge.acme.test" },
      "domains[1].name must be the only one of its value",
      "/vcl-services/",
    ],
    [
      { domains: Array.from({ length: 21 }, (_, index) => ({ name: `d${index}.acme.test` })) },
      "domains must be at most 20 domains",
      "resource-limits",
    ],
    [
      {
        "backends[2]": { name: "2", address: "a.test" },
        "backends[3]": { name: "3", address: "a.test" },
        "backends[4]": { name: "4", address: "a.test" },
        "backends[5]": { name: "5", address: "a.test" },
      },
      "backends must be at most 5 backends",
      "resource-limits",
    ],
    [
      { "backends[1].name": "acme", directors: undefined },
      "backends[1].name must be the only one of its value",
      "/vcl-services/",
    ],
    [
      { "backends[0].address": undefined },
      "backends[acme].address must be set",
      "@pulumi/fastly 11.1: ServiceVclBackend",
    ],
    [
      { "backends[0].address": "http://a.test" },
      "backends[acme].address must be an IP address or a host name",
      BACKENDS,
    ],
    [
      { "backends[0].overrideHost": "Origin" },
      "backends[acme].overrideHost must be a domain name without wildcard",
      BACKENDS,
    ],
    [{ "backends[0].port": 0 }, "backends[acme].port must be a whole number from 1 to 65535", BACKENDS],
    [
      { "backends[0].connectTimeout": -1 },
      "backends[acme].connectTimeout must be a whole number from 0",
      BACKENDS,
    ],
    [
      { "backends[0].firstByteTimeout": 1.5 },
      "backends[acme].firstByteTimeout must be a whole number from 0",
      BACKENDS,
    ],
    [{ "backends[0].weight": 0 }, "backends[acme].weight must be a whole number from 1", BACKENDS],
    [{ "backends[0].maxConn": 0 }, "backends[acme].maxConn must be a whole number from 1", BACKENDS],
    [
      { "backends[1].minTlsVersion": "TLSv1.2" },
      "backends[origin].minTlsVersion must be one of 1, 1.0",
      BACKENDS,
    ],
    [
      { "backends[1].maxTlsVersion": "1.1" },
      "backends[origin].minTlsVersion must be at most maxTlsVersion, 1.1",
      BACKENDS,
    ],
    [
      { "backends[1].sslCertHostname": "*.acme.test" },
      "backends[origin].sslCertHostname must be a domain name",
      BACKENDS,
    ],
    [
      { "backends[1].healthcheck": "dead" },
      "backends[origin].healthcheck must be the name of one of healthchecks",
      BACKENDS,
    ],
    [
      { "backends[1].shield": "fra" },
      "backends[origin].shield must be a shield's code",
      "/concepts/shielding/",
    ],
    [
      { "backends[1].requestCondition": "absent" },
      "backends[origin].requestCondition must be the name of a condition",
      CONDITIONS,
    ],
    [
      { "backends[1].requestCondition": "fresh" },
      "backends[origin].requestCondition must be a condition of type REQUEST",
      CONDITIONS,
    ],
    [
      { "headers[0].responseCondition": "acme" },
      "headers[hsts].responseCondition must be a condition of type RESPONSE",
      CONDITIONS,
    ],
    [{ "conditions[1].type": "FETCH" }, "conditions[fresh].type must be one of REQUEST", CONDITIONS],
    [
      { "conditions[1].name": "acme" },
      "conditions[1].name must be the only one of its value",
      "/vcl-services/",
      "requestSettings[0].action",
    ],
    [{ "conditions[1].priority": 1.5 }, "conditions[fresh].priority must be a whole number", CONDITIONS],
    [
      { "conditions[0].statement": "req.url ~ ^/a" },
      "conditions[acme].statement must be an expression of VCL, which has no ^/a",
      CONDITIONS,
    ],
    [
      { "conditions[0].statement": "beresp.status == 200" },
      "conditions[acme].statement must not look at beresp.status",
      CONDITIONS,
    ],
    [{ "headers[0].action": "add" }, "headers[hsts].action must be one of set", HEADERS],
    [{ "headers[0].type": "recv" }, "headers[hsts].type must be one of request", HEADERS],
    [
      { "headers[0].destination": "X-Frame-Options" },
      "headers[hsts].destination must be http.NAME or url",
      HEADERS,
    ],
    [{ "headers[0].source": undefined }, "headers[hsts].source must be set where action is set", HEADERS],
    [
      { "headers[0].source": "max-age=300" },
      "headers[hsts].source must name variables of VCL (texts are in double quotes), and max-age is none",
      HEADERS,
    ],
    [{ "headers[0].action": "regex" }, "headers[hsts].regex must be set where action is regex", HEADERS],
    [
      { "requestSettings[0].action": "restart" },
      "requestSettings[pass].action must be one of",
      "/request-settings/",
    ],
    [
      { "requestSettings[0].xff": "appendAll" },
      "requestSettings[pass].xff must be one of append",
      "/request-settings/",
    ],
    [
      { "directors[0].backends[0]": "other" },
      "directors[all].backends[0] must be the name of one of backends",
      "/directors/director/",
      "directors[0].quorum",
    ],
    [
      { "healthchecks[0].threshold": 6 },
      "healthchecks[alive].threshold must be at most window, 5",
      "/services/healthcheck/",
    ],
    [
      { "healthchecks[0].path": "alive" },
      'healthchecks[alive].path must start with "/"',
      "/services/healthcheck/",
    ],
    [{ "snippets[0].type": "receive" }, "snippets[recv].type must be one of init", "/vcl-services/snippet/"],
    [
      { "snippets[0].content": "set req.http.X = req.url" },
      "snippets[recv].content must end its last statement with ;",
      "/vcl-services/snippet/",
    ],
    [
      { "snippets[0].content": "if (req.url) { esi;" },
      "snippets[recv].content must close every { that it opens",
      "/vcl-services/snippet/",
    ],
    [
      {
        vcls: [
          { name: "a", content: "sub a {}", main: true },
          { name: "b", content: "sub b {}", main: true },
        ],
      },
      "vcls must have one main VCL",
      "/vcl-services/vcl/",
    ],
    [
      { "dictionaries[0].name": "1-things" },
      "dictionaries[0].name must begin with a letter",
      "/dictionaries/",
    ],
    [{ defaultTtl: -1 }, "defaultTtl must be a whole number from 0", "/vcl-services/settings/"],
    [
      { surprise: true },
      "surprise must be one of the fields",
      "@pulumi/fastly 11.1: ServiceVclArgs",
      "comment",
    ],
  ],
);

/** A service whose VCL matches addresses with an ACL. */
const OFFICE: Properties = {
  name: "edge",
  domains: [{ name: "edge.acme.test" }],
  conditions: [{ name: "office", type: "REQUEST", statement: "client.ip ~ office && !(client.ip ~ guests)" }],
  acls: [{ name: "office" }],
  snippets: [{ name: "acls", type: "init", content: 'acl guests { "203.0.113.0"/24; }' }],
};

describeRefusals(FASTLY_KINDS, "fastly:index/serviceVcl:ServiceVcl", OFFICE, [
  [
    { acls: [{ name: "home" }] },
    "conditions[office].statement must match with an ACL of the service, and office is none",
    "/acls/acl/",
    "comment",
  ],
  [
    { "snippets[0].content": "# acl guests {}" },
    "conditions[office].statement must match with an ACL of the service, and guests is none",
    "/acls/acl/",
    "comment",
  ],
]);

describeAcceptance(FASTLY_KINDS, "fastly:index/serviceVcl:ServiceVcl", OFFICE, [
  { "acls[0].name": UNKNOWN },
  { acls: UNKNOWN },
  { "snippets[0].content": UNKNOWN },
  { acls: undefined, dynamicsnippets: [{ name: "acls", type: "init" }] },
  { "conditions[0].statement": 'req.url ~ "nope"' },
  { backends: [{ name: "origin", address: "Origin.acme.test", overrideHost: "Shop.Acme.test" }] },
]);

describeRefusals(FASTLY_KINDS, "fastly:index/domainV1:DomainV1", { fqdn: "shop.acme.test" }, [
  [{ fqdn: undefined }, "fqdn must be set", "@pulumi/fastly 11.1: DomainV1Args"],
  [{ fqdn: "Shop.acme.test" }, "fqdn must be a domain name in lower case", "/domain-management/domains/"],
  [{ fqdn: "shop.acme.test." }, "fqdn must be a domain name", "/domain-management/domains/"],
]);

describe("VCL", () => {
  test.each([
    "client.ip ~ office",
    'req.http.Cookie:session && !req.http.X-Skip ~ "(?i)^a|b$"',
    'table.lookup(redirects, req.url.path, "") != ""',
    'client.geo.country_code == "DE" || (now - obj.age > 5m)',
    'std.strlen(req.url) > 100 || req.url ~ {"\\.(css|js)$"}',
    "fastly.ff.visits_this_service == 0",
    "req.backend == F_origin || bereq.backend != F_a",
    'req.http.A == "/* no comment */" /* a comment */ && /* another */ req.http.B /* end */',
    'req.http.A == {HTML"a "} b"HTML}',
    'req.url ~ {RE"^/(a|b)$"RE}',
    'regsub(req.url, "\\?.*", "") ~ "a" "b"',
  ])("takes %s", (expression) => {
    expect(brokenVclExpression(expression)).toBeUndefined();
  });

  test.each([
    ["", "must be an expression of VCL, and is empty"],
    ['req.url = "/a"', 'must be an expression of VCL, which has no = "/a"'],
    ["req.url ~", "must end with a value"],
    ["&& req.url", "must have a value before &&"],
    ['(req.url ~ "a"', "must close every parenthesis that it opens"],
    ['req.url ~ "a")', "must open every parenthesis that it closes"],
    [
      "req.http.A == F_origin",
      "must name variables of VCL (texts are in double quotes), and F_origin is none",
    ],
    ['req.url ~ {RE"a(b"RE}', 'must match a regular expression, and {RE"a(b"RE} is none'],
    ['req.url ~ "a" # b', "must be an expression of VCL, which has no # b"],
    ['req.url ~ "a(b"', 'must match a regular expression, and "a(b" is none'],
    ['request.url ~ "a"', "must name variables of VCL (texts are in double quotes), and request.url is none"],
  ])("refuses %j", (expression, rule) => {
    expect(brokenVclExpression(expression)).toBe(rule);
  });

  test.each([
    'synthetic {HTML"<p>"}"</p>{"HTML};',
    'set req.http.A = "/*"; esi;',
    'set resp.http.A = {"}"}; // {',
    "",
    "# nothing\n",
    "sub x { if (a) { b; } }",
  ])("takes code %j", (code) => {
    expect(brokenVclCode(code)).toBeUndefined();
  });

  test.each([
    ['set resp.http.A = "a;', "must close every string that it opens"],
    ["sub x { } }", "must open every } that it closes"],
    ["call(a;", "must close every ( that it opens"],
    ["esi", "must end its last statement with ;"],
  ])("refuses code %j", (code, rule) => {
    expect(brokenVclCode(code)).toBe(rule);
  });
});

describeRefusals(
  FASTLY_KINDS,
  "fastly:index/serviceVcl:ServiceVcl",
  {
    name: "edge",
    domains: [{ name: "edge.acme.test" }],
    backends: [{ name: "origin", address: "origin.acme.test", port: 443, useSsl: true }],
  },
  [
    [
      { "backends[0].sslCheckCert": true },
      "backends[origin].sslCertHostname must be set where sslCheckCert is true",
      BACKENDS,
    ],
    [
      { "backends[0].address": "192.0.2.1" },
      "backends[origin].sslCertHostname must be set where sslCheckCert is true",
      BACKENDS,
    ],
  ],
);

describeAcceptance(
  FASTLY_KINDS,
  "fastly:index/serviceVcl:ServiceVcl",
  { name: "edge", domains: [{ name: "edge.acme.test" }] },
  [
    { backends: [{ name: "b", address: "192.0.2.1", useSsl: true, sslCheckCert: false }] },
    { backends: [{ name: "b", address: "192.0.2.1", sslCheckCert: true }] },
  ],
);
