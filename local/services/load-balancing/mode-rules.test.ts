import { describeAcceptance, describeRefusals } from "../testing/refusals.ts";
import { COMPUTE_KINDS } from "./kinds.ts";

const API = "/backendServices";
const MAPS = "/urlMaps";
const ALLOW = { versionedExpr: "SRC_IPS_V1", config: { srcIpRanges: ["*"] } };
const MATCH = "pathMatchers[0].routeRules[0].matchRules[0]";
const SHOWN = "pathMatchers[all].routeRules[0].matchRules[0]";

describeRefusals(
  COMPUTE_KINDS,
  "gcp:compute/backendService:BackendService",
  { loadBalancingScheme: "EXTERNAL_MANAGED", enableCdn: true },
  [
    [
      { cdnPolicy: { cacheMode: "USE_ORIGIN_HEADERS", clientTtl: 60 } },
      "cdnPolicy.clientTtl must be absent where cacheMode is USE_ORIGIN_HEADERS",
      API,
    ],
    [
      { cdnPolicy: { cacheMode: "FORCE_CACHE_ALL", defaultTtl: 60, maxTtl: 90 } },
      "cdnPolicy.maxTtl must be absent where cacheMode is FORCE_CACHE_ALL",
      API,
    ],
    [
      { cdnPolicy: { defaultTtl: 7200, maxTtl: 3600 } },
      "cdnPolicy.defaultTtl must be at most maxTtl, 3600",
      API,
    ],
    [
      { cdnPolicy: { negativeCachingPolicies: [{ code: 404, ttl: 60 }] } },
      "cdnPolicy.negativeCachingPolicies must be absent unless negativeCaching is true",
      API,
    ],
    [
      { cdnPolicy: { negativeCaching: true, negativeCachingPolicies: [{ code: 500 }] } },
      "cdnPolicy.negativeCachingPolicies[0].code must be one of 300",
      API,
    ],
    [
      {
        cdnPolicy: {
          cacheKeyPolicy: {
            includeQueryString: true,
            queryStringWhitelists: ["a"],
            queryStringBlacklists: ["b"],
          },
        },
      },
      "cdnPolicy.cacheKeyPolicy.queryStringWhitelists must be absent beside queryStringBlacklists",
      API,
    ],
    [{ iap: { enabled: true } }, "enableCdn must be false beside iap", "iap/docs"],
    [
      { loadBalancingScheme: "EXTERNAL", localityLbPolicy: "LEAST_REQUEST" },
      "localityLbPolicy must be absent where loadBalancingScheme is EXTERNAL",
      API,
    ],
    [
      { sessionAffinity: "HTTP_COOKIE", consistentHash: { httpHeaderName: "x" } },
      "consistentHash.httpCookie must be set where sessionAffinity is HTTP_COOKIE",
      API,
    ],
    [{ backends: [{ group: "" }] }, "backends[0].group must name a gcp:compute/region", "design/errors"],
  ],
);

describeAcceptance(
  COMPUTE_KINDS,
  "gcp:compute/backendService:BackendService",
  { loadBalancingScheme: "EXTERNAL_MANAGED", enableCdn: true },
  [
    { cdnPolicy: { cacheMode: "USE_ORIGIN_HEADERS", defaultTtl: 0 } },
    { cdnPolicy: { cacheMode: "FORCE_CACHE_ALL", defaultTtl: 3600, clientTtl: 3600 } },
    { securityPolicy: "" },
  ],
);

describeRefusals(
  COMPUTE_KINDS,
  "gcp:compute/uRLMap:URLMap",
  {
    defaultService: "site",
    hostRules: [{ hosts: ["*"], pathMatcher: "all" }],
    pathMatchers: [
      {
        name: "all",
        defaultService: "site",
        routeRules: [{ priority: 1, service: "site", matchRules: [{ prefixMatch: "/a" }] }],
      },
    ],
  },
  [
    [
      { [`${MATCH}.fullPathMatch`]: "/a/b" },
      `${SHOWN}.fullPathMatch must be absent beside prefixMatch`,
      MAPS,
    ],
    [{ [`${MATCH}.prefixMatch`]: "a" }, `${SHOWN}.prefixMatch must start with "/"`, MAPS],
    [
      { [`${MATCH}.headerMatches`]: [{ headerName: "x", exactMatch: "a", presentMatch: true }] },
      `${SHOWN}.headerMatches[0].presentMatch must be absent beside exactMatch`,
      MAPS,
    ],
    [
      { [`${MATCH}.headerMatches`]: [{ headerName: "x", presentMatch: false }] },
      `${SHOWN}.headerMatches[0].exactMatch must be set, or prefixMatch`,
      MAPS,
    ],
    [
      { [`${MATCH}.queryParameterMatches`]: [{ name: "q", exactMatch: "a", regexMatch: "b" }] },
      `${SHOWN}.queryParameterMatches[q].regexMatch must be absent beside exactMatch`,
      MAPS,
    ],
    [
      {
        "pathMatchers[0].routeRules[0].routeAction.urlRewrite": {
          pathPrefixRewrite: "/",
          pathTemplateRewrite: "/{a}",
        },
        [MATCH]: { pathTemplateMatch: "/{a=*}" },
      },
      "pathMatchers[all].routeRules[0].routeAction.urlRewrite.pathTemplateRewrite must be absent beside pathPrefixRewrite",
      MAPS,
    ],
    [
      { "pathMatchers[0].routeRules[0].routeAction.urlRewrite.pathTemplateRewrite": "/{a}" },
      `${SHOWN}.pathTemplateMatch must be set beside pathTemplateRewrite`,
      MAPS,
    ],
    [
      { defaultRouteAction: { cachePolicy: { cacheMode: "FORCE_CACHE_ALL", maxTtl: { seconds: "60" } } } },
      "defaultRouteAction.cachePolicy.maxTtl must be absent where cacheMode is FORCE_CACHE_ALL",
      MAPS,
    ],
    [
      {
        "pathMatchers[0].routeRules[0].service": undefined,
        "pathMatchers[0].routeRules[0].routeAction.weightedBackendServices": [
          { backendService: "site", weight: 0 },
        ],
      },
      "pathMatchers[all].routeRules[0].routeAction.weightedBackendServices must have one with a weight above 0",
      MAPS,
    ],
  ],
);

describeRefusals(
  COMPUTE_KINDS,
  "gcp:compute/securityPolicy:SecurityPolicy",
  { type: "CLOUD_ARMOR_EDGE", rules: [{ priority: 2_147_483_647, action: "allow", match: ALLOW }] },
  [
    [
      {
        "rules[1]": {
          priority: 1,
          action: "redirect",
          redirectOptions: { type: "GOOGLE_RECAPTCHA" },
          match: ALLOW,
        },
      },
      "rules[1].action must be allow or deny where type is CLOUD_ARMOR_EDGE",
      "/securityPolicies",
    ],
  ],
);
