import { describeRefusals } from "../testing/refusals.ts";
import { COMPUTE_KINDS } from "./kinds.ts";

const REDIRECT = { httpsRedirect: true, stripQuery: false };

describeRefusals(
  COMPUTE_KINDS,
  "gcp:compute/uRLMap:URLMap",
  {
    defaultService: "site",
    hostRules: [{ hosts: ["api.acme.test"], pathMatcher: "api" }],
    pathMatchers: [
      {
        name: "api",
        defaultUrlRedirect: REDIRECT,
        pathRules: [{ paths: ["/v1/*", "/v1"], service: "api" }],
      },
    ],
    tests: [{ host: "api.acme.test", path: "/v1/domains", service: "api" }],
  },
  [
    [
      { defaultService: undefined, tests: undefined },
      "defaultService must be set, or defaultUrlRedirect",
      "/urlMaps",
    ],
    [{ defaultUrlRedirect: REDIRECT }, "defaultService must be absent beside defaultUrlRedirect", "/urlMaps"],
    [
      { "defaultRouteAction.weightedBackendServices": [{ backendService: "b", weight: 1 }] },
      "defaultRouteAction.weightedBackendServices must be absent beside defaultService",
      "/urlMaps",
    ],
    [
      { defaultService: undefined, "defaultRouteAction.timeout": { seconds: "1" } },
      "defaultService must be set beside a defaultRouteAction",
      "/urlMaps",
    ],
    [
      { "pathMatchers[0].defaultUrlRedirect": undefined },
      "pathMatchers[api].defaultService must be set",
      "/urlMaps",
    ],
    [
      { "pathMatchers[1]": { defaultService: "site" } },
      "pathMatchers[1].name must be set",
      "compute.URLMapPathMatcher",
    ],
    [
      { "pathMatchers[0].name": "API", "hostRules[0].pathMatcher": "API" },
      "pathMatchers[0].name must be 1 to 63",
      "/urlMaps",
    ],
    [
      { "pathMatchers[1]": { name: "api", defaultService: "site" } },
      "pathMatchers[1].name must be the only one of its value",
      "/urlMaps",
    ],
    [
      { "hostRules[0].pathMatcher": "absent", tests: undefined },
      "hostRules[0].pathMatcher must be the name of one of pathMatchers",
      "/urlMaps",
    ],
    [
      { "hostRules[1]": { hosts: ["*", "api.acme.test"], pathMatcher: "api" } },
      "hostRules[1].hosts[1] must be in one host rule only",
      "#hosts",
      "hostRules[1].hosts[2]",
    ],
    [
      { "hostRules[1]": { hosts: ["*acme.test"], pathMatcher: "api" } },
      "hostRules[1].hosts[0] must be a host name",
      "#hosts",
    ],
    [
      { "hostRules[1]": { hosts: ["https://acme.test"], pathMatcher: "api" } },
      "hostRules[1].hosts[0] must be a host name",
      "#hosts",
    ],
    [
      { "pathMatchers[0].pathRules[0].paths[2]": "v2" },
      'pathMatchers[api].pathRules[0].paths[2] must start with "/"',
      "#pm-constraints",
    ],
    [
      { "pathMatchers[0].pathRules[0].paths[2]": "/v*/x" },
      'pathMatchers[api].pathRules[0].paths[2] must start with "/"',
      "#pm-constraints",
    ],
    [
      { "pathMatchers[0].pathRules[0].paths[2]": "/v2*" },
      'pathMatchers[api].pathRules[0].paths[2] must start with "/"',
      "#pm-constraints",
    ],
    [
      { "pathMatchers[0].pathRules[0].paths[2]": "/v1" },
      "pathMatchers[api].pathRules[0].paths[2] must be in one path rule only",
      "#pm-constraints",
    ],
    [
      { "pathMatchers[0].pathRules[0].service": undefined, tests: undefined },
      "pathMatchers[api].pathRules[0].service must be set, or urlRedirect",
      "/urlMaps",
      "tests",
    ],
    [
      { "pathMatchers[0].pathRules[0].urlRedirect": REDIRECT },
      "pathMatchers[api].pathRules[0].service must be absent beside urlRedirect",
      "/urlMaps",
    ],
    [
      { "pathMatchers[0].routeRules": [{ priority: 1, service: "b" }], tests: undefined },
      "pathMatchers[api].routeRules must be absent beside pathRules",
      "/urlMaps",
    ],
    [
      { "pathMatchers[0].defaultUrlRedirect.stripQuery": undefined },
      "pathMatchers[api].defaultUrlRedirect.stripQuery must be set",
      "compute.URLMapPathMatcherDefaultUrlRedirect",
    ],
    [
      { "pathMatchers[0].defaultUrlRedirect.redirectResponseCode": "301" },
      "pathMatchers[api].defaultUrlRedirect.redirectResponseCode must be one of FOUND",
      "/urlMaps",
    ],
    [
      { "pathMatchers[0].defaultUrlRedirect.pathRedirect": "a" },
      'pathMatchers[api].defaultUrlRedirect.pathRedirect must start with "/"',
      "/urlMaps",
    ],
    [
      {
        "pathMatchers[0].defaultUrlRedirect.pathRedirect": "/a",
        "pathMatchers[0].defaultUrlRedirect.prefixRedirect": "/b",
      },
      "pathMatchers[api].defaultUrlRedirect.prefixRedirect must be absent beside pathRedirect",
      "/urlMaps",
    ],
    [
      { tests: Array.from({ length: 101 }, () => ({ host: "x.test", path: "/", service: "site" })) },
      "tests must be at most 100 tests",
      "/urlMaps",
    ],
    [
      { "tests[1]": { host: "x.test", path: "/" } },
      "tests[1].service must be set, or expectedOutputUrl",
      "/urlMaps",
    ],
    [
      { "tests[1]": { host: "x.test", path: "/", service: "api" } },
      "tests[1].service must be where the map sends x.test/, site",
      "#testing",
    ],
    [
      { "tests[1]": { host: "api.acme.test", path: "/", expectedRedirectResponseCode: 302 } },
      "tests[1].expectedRedirectResponseCode must be what the map answers, 301",
      "#testing",
    ],
  ],
);
