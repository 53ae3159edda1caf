import {
  objectOf,
  type Properties,
  type Report,
  refuseOthers,
  textOf,
} from "../../kernel/property-values.ts";

const WHO = "the local load balancer";
const IDENTITY = ["deletionPolicy", "description", "labels", "name", "project"];

/** Each names what the local load balancer doesn't do of its kind. */
export function checkForwardingRule(rule: Properties, report: Report): void {
  refuseOthers(
    rule,
    "",
    [
      ...IDENTITY,
      "ipAddress",
      "ipProtocol",
      "ipVersion",
      "loadBalancingScheme",
      "networkTier",
      "portRange",
      "target",
    ],
    WHO,
    report,
  );
  requireManaged(rule, report);
}

export function checkTargetHttpProxy(proxy: Properties, report: Report): void {
  refuseOthers(proxy, "", [...IDENTITY, "urlMap"], WHO, report);
}

export function checkTargetHttpsProxy(proxy: Properties, report: Report): void {
  const inert = { quicOverride: "NONE", tlsEarlyData: "DISABLED" };
  refuseOthers(
    proxy,
    "",
    [...IDENTITY, "certificateMap", "sslPolicy", "urlMap", ...Object.keys(inert)],
    WHO,
    report,
  );
  for (const [property, value] of Object.entries(inert)) {
    const given = textOf(proxy[property]);
    if (given !== undefined && given !== value) report(property, `must be ${value}: ${WHO} has nothing else`);
  }
}

export function checkBackendService(service: Properties, report: Report): void {
  refuseOthers(
    service,
    "",
    [
      ...IDENTITY,
      "backends",
      // Of no effect on a serverless backend: no instance is drained, no port is named.
      "connectionDrainingTimeoutSec",
      "loadBalancingScheme",
      "localityLbPolicy",
      "logConfig",
      "portName",
      "protocol",
      "securityPolicy",
      "sessionAffinity",
    ],
    WHO,
    report,
  );
  requireManaged(service, report);
  const { backends } = service;
  if (Array.isArray(backends)) {
    if (backends.length > 1) report("backends", `must be one: ${WHO} balances between no regions`);
    for (const [index, backend] of backends.map(objectOf).entries()) {
      refuseOthers(
        backend,
        `backends[${index}]`,
        ["balancingMode", "capacityScaler", "description", "group"],
        WHO,
        report,
      );
    }
  }
  const affinity = textOf(service.sessionAffinity);
  if (affinity !== undefined && affinity !== "NONE")
    report("sessionAffinity", "must be NONE with a serverless backend");
  refuseOthers(
    objectOf(service.logConfig),
    "logConfig",
    ["enable", "optionalMode", "sampleRate"],
    WHO,
    report,
  );
}

export function checkNetworkEndpointGroup(group: Properties, report: Report): void {
  refuseOthers(group, "", [...IDENTITY, "cloudRun", "networkEndpointType", "region"], WHO, report);
  refuseOthers(objectOf(group.cloudRun), "cloudRun", ["service"], WHO, report);
}

export function checkSslPolicy(policy: Properties, report: Report): void {
  refuseOthers(policy, "", [...IDENTITY, "minTlsVersion", "profile"], WHO, report);
  const profile = textOf(policy.profile);
  if (profile !== undefined && !["COMPATIBLE", "MODERN", "RESTRICTED"].includes(profile)) {
    report("profile", `must be COMPATIBLE, MODERN or RESTRICTED: ${WHO} knows no ${profile}`);
  }
}

export function checkCertificate(certificate: Properties, report: Report): void {
  refuseOthers(certificate, "", [...IDENTITY, "location", "managed", "scope"], WHO, report);
  const scope = textOf(certificate.scope);
  if (scope !== undefined && scope !== "DEFAULT")
    report("scope", `must be DEFAULT: ${WHO} is the only place`);
}

function requireManaged({ loadBalancingScheme }: Properties, report: Report): void {
  const scheme = textOf(loadBalancingScheme);
  if (scheme !== undefined && scheme !== "EXTERNAL_MANAGED") {
    report("loadBalancingScheme", `must be EXTERNAL_MANAGED: ${WHO} is of no other kind`);
  }
}
