import { region } from "../../../review/rules/google/regions.ts";
import { count, unique } from "../../../review/rules/lists.ts";
import { between, whole } from "../../../review/rules/numbers.ts";
import {
  atLeastOneOf,
  atMostOneOf,
  dependent,
  exactlyOneOf,
  onlyWhere,
  presence,
} from "../../../review/rules/presence.ts";
import { cite, inObject } from "../../../review/rules/rule.ts";
import { matching, rfc1035Label } from "../../../review/rules/text.ts";
import { isProperties, listed, nested, type Properties } from "../../../review/rules/values.ts";
import { CDN_POLICY_RULES } from "./cache-policy-rules.ts";

const API = "https://cloud.google.com/compute/docs/reference/rest/v1";
/** What the classic load balancer has not. */
const MANAGED_ALONE = [
  "circuitBreakers",
  "consistentHash",
  "localityLbPolicies",
  "localityLbPolicy",
  "maxStreamDuration",
  "outlierDetection",
  "securitySettings",
  "strongSessionAffinityCookie",
  "tlsSettings",
];
/** What only clients from outside make use of. */
const EXTERNAL_ALONE = ["cdnPolicy", "compressionMode", "edgeSecurityPolicy"];
const CAPACITIES = [
  "maxConnections",
  "maxConnectionsPerEndpoint",
  "maxConnectionsPerInstance",
  "maxRate",
  "maxRatePerEndpoint",
  "maxRatePerInstance",
];
const HEADER = matching(
  /^[A-Za-z0-9!#$%&'*+.^_`|~-]+:[^\r\n]*$/,
  'must be a header and its value, "X-Name:value"',
);
/** The ends of a serverless group's choice: what the group leads to. */
const SERVERLESS = ["cloudRun", "cloudFunction", "appEngine", "serverlessDeployment"];

export const BACKEND_SERVICE_RULES = [
  cite(`${API}/backendServices`, {
    affinityCookieTtlSec: whole({ from: 0, to: 1_209_600, what: "seconds" }),
    connectionDrainingTimeoutSec: whole({ from: 0, to: 3600, what: "seconds" }),
    timeoutSec: whole({ from: 1, to: 2_147_483_647, what: "seconds" }),
    backends: unique("group"),
    "backends[].capacityScaler": between({ from: 0, to: 1 }),
    "backends[].maxUtilization": between({ from: 0, to: 1 }),
    "backends[]": inObject(checkBalancing),
    "customRequestHeaders[]": HEADER,
    "customResponseHeaders[]": HEADER,
    "": [
      inObject(({ loadBalancingScheme, backends }, report) => {
        if (loadBalancingScheme !== "EXTERNAL") return;
        for (const [index, backend] of listed({ backends }, "backends").entries()) {
          if (!isProperties(backend) || presence(backend.preference) !== "set") continue;
          report(`backends[${index}].preference`, "must be absent where loadBalancingScheme is EXTERNAL");
        }
      }),
      dependent("loadBalancingScheme", ["EXTERNAL"], { absent: MANAGED_ALONE }),
      onlyWhere("loadBalancingScheme", ["EXTERNAL", "EXTERNAL_MANAGED"], ...EXTERNAL_ALONE),
      atMostOneOf("localityLbPolicy", "localityLbPolicies"),
      dependent("sessionAffinity", ["STRONG_COOKIE_AFFINITY"], { required: ["strongSessionAffinityCookie"] }),
      onlyWhere("sessionAffinity", ["STRONG_COOKIE_AFFINITY"], "strongSessionAffinityCookie"),
      dependent("sessionAffinity", ["HEADER_FIELD", "HTTP_COOKIE"], { required: ["consistentHash"] }),
      inObject(({ sessionAffinity, consistentHash }, report) => {
        if (!isProperties(consistentHash)) return;
        const needed = { HEADER_FIELD: "httpHeaderName", HTTP_COOKIE: "httpCookie" }[String(sessionAffinity)];
        if (needed !== undefined && presence(consistentHash[needed]) === "absent")
          report(
            `consistentHash.${needed}`,
            `must be set where sessionAffinity is ${String(sessionAffinity)}`,
          );
      }),
    ],
    "localityLbPolicies[]": exactlyOneOf("policy", "customPolicy"),
    "consistentHash.minimumRingSize": whole({ from: 1, to: 8_388_608 }),
  }),
  ...CDN_POLICY_RULES,
  cite("https://cloud.google.com/load-balancing/docs/quotas#backend_services", {
    backends: count({ to: 50, what: "backends" }),
  }),
  cite("https://cloud.google.com/load-balancing/docs/https/https-logging-monitoring", {
    "logConfig.sampleRate": between({ from: 0, to: 1 }),
    logConfig: [
      onlyWhere("optionalMode", ["CUSTOM"], "optionalFields"),
      inObject((logConfig, report) => {
        if (presence(logConfig.enable) === "unknown" || logConfig.enable === true) return;
        for (const name of ["sampleRate", "optionalMode"]) {
          if (presence(logConfig[name]) === "set") report(name, "must be absent unless enable is true");
        }
      }),
    ],
  }),
];

export const ENDPOINT_GROUP_RULES = [
  cite("https://cloud.google.com/compute/docs/regions-zones", { region: region() }),
  cite(`${API}/regionNetworkEndpointGroups`, {
    "": inObject((group, report) => {
      const { networkEndpointType: type } = group;
      if (type === "SERVERLESS") exactlyOneOf(...SERVERLESS)(group, report);
      if (type === "PRIVATE_SERVICE_CONNECT") atLeastOneOf("pscTargetService")(group, report);
      onlyWhere("networkEndpointType", ["SERVERLESS"], ...SERVERLESS)(group, report);
      onlyWhere(
        "networkEndpointType",
        ["PRIVATE_SERVICE_CONNECT"],
        "pscTargetService",
        "pscData",
      )(group, report);
      if (type === "SERVERLESS") {
        for (const name of ["network", "subnetwork"]) {
          if (presence(group[name]) === "set")
            report(name, "must be absent where networkEndpointType is SERVERLESS");
        }
      }
    }),
    cloudRun: atLeastOneOf("service", "urlMask"),
    "cloudRun.service": rfc1035Label(),
    "cloudRun.tag": rfc1035Label(),
    cloudFunction: atLeastOneOf("function", "urlMask"),
  }),
];

/** What a backend service may not have once a group of it is serverless: its own timeout, and any balancing. */
export function checkServerlessBackends(
  service: Properties,
  isServerless: (group: string) => boolean,
  report: (path: string, rule: string) => void,
): void {
  const backends = listed(service, "backends").map((backend) => nested({ backend }, "backend"));
  if (!backends.some(({ group }) => typeof group === "string" && isServerless(group))) return;
  for (const name of ["timeoutSec", "healthChecks", "portName"]) {
    if (presence(service[name]) === "set") report(name, "must be absent where a backend is serverless");
  }
  const regions = new Set<string>();
  for (const [index, { group }] of backends.entries()) {
    const [, region] = /\/regions\/([^/]+)\//.exec(String(group)) ?? [];
    if (region === undefined || typeof group !== "string" || !isServerless(group)) continue;
    if (regions.has(region))
      report(`backends[${index}].group`, `must be the only serverless group of its region, ${region}`);
    regions.add(region);
  }
  for (const [index, backend] of backends.entries()) {
    for (const name of ["maxUtilization", ...CAPACITIES]) {
      if (presence(backend[name]) === "set") {
        report(`backends[${index}].${name}`, "must be absent where a backend is serverless");
      }
    }
    if (backend.balancingMode === "RATE" || backend.balancingMode === "CONNECTION") {
      report(`backends[${index}].balancingMode`, "must be UTILIZATION where a backend is serverless");
    }
  }
}

/** A mode asks for the capacity that it balances by. @see https://cloud.google.com/load-balancing/docs/backend-service#balancing-mode */
function checkBalancing(backend: Properties, report: (path: string, rule: string) => void): void {
  const { balancingMode } = backend;
  for (const [mode, word] of [
    ["RATE", "maxRate"],
    ["CONNECTION", "maxConnections"],
  ] as const) {
    const names = CAPACITIES.filter((name) => name.startsWith(word));
    if (balancingMode === mode && names.every((name) => presence(backend[name]) === "absent")) {
      report(word, `must be set, or one for each instance or endpoint, where balancingMode is ${mode}`);
    }
  }
}
