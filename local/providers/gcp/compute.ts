import * as balancer from "../../cloud/load-balancing/checks.ts";
import { checkSecurityPolicy as unsupportedInSecurityPolicy } from "../../cloud/load-balancing/security-policy.ts";
import { checkUrlMap as unsupportedInUrlMap } from "../../cloud/load-balancing/url-map-checks.ts";
import type { CloudParts } from "../../cloud/parts.ts";
import type { Draft, Kind, Report } from "../kind.ts";
import { ProviderError } from "../provider-error.ts";
import { type Properties, text, UNKNOWN, type Value } from "../values.ts";
import { checkPattern, checkWord, projectId } from "./names.ts";
import { checkSecurityPolicy } from "./security-policy-rules.ts";
import { checkUrlMap } from "./url-map-rules.ts";

const SCHEMES = ["EXTERNAL", "EXTERNAL_MANAGED", "INTERNAL_MANAGED", "INTERNAL_SELF_MANAGED"];
const GLOBAL_ADDRESS = "gcp:compute/globalAddress:GlobalAddress";
/** TEST-NET-3 (RFC 5737), which nobody routes. Its first and last addresses stay free. */
const NETWORK = "203.0.113";
const LAST_HOST = 254;

export const COMPUTE_KINDS: readonly Kind[] = [
  {
    ...global(GLOBAL_ADDRESS, "addresses"),
    assigned: { address: UNKNOWN, prefixLength: 0 },
    defaults: () => ({ addressType: "EXTERNAL", ipVersion: "IPV4" }),
    unsupported(inputs, report) {
      checkWord(inputs.addressType, "addressType", ["EXTERNAL"], report);
      checkWord(inputs.ipVersion, "ipVersion", ["IPV4"], report);
    },
    outputs: (draft, parts) => ({ ...linked(draft), address: addressOf(draft, parts) }),
  },
  {
    ...global("gcp:compute/globalForwardingRule:GlobalForwardingRule", "forwardingRules"),
    assigned: { ipAddress: UNKNOWN, ipProtocol: "TCP", network: "", networkTier: "PREMIUM", subnetwork: "" },
    defaults: () => ({ loadBalancingScheme: "EXTERNAL" }),
    check(inputs, report) {
      checkName(inputs, report);
      checkWord(inputs.loadBalancingScheme, "loadBalancingScheme", SCHEMES, report);
      checkPattern(
        inputs,
        "portRange",
        /^\d{1,5}(-\d{1,5})?$/,
        'must be a port or a range of them, "443"',
        report,
      );
      if (inputs.portRange === undefined) report("portRange", "must be set: a rule forwards one port");
    },
    unsupported: balancer.checkForwardingRule,
    outputs: (draft, parts) => ({
      ...linked(draft),
      baseForwardingRule: "",
      pscConnectionId: "",
      pscConnectionStatus: "",
      ...(draft.inputs.ipAddress === undefined && { ipAddress: addressOf(draft, parts) }),
    }),
  },
  {
    ...global("gcp:compute/targetHttpProxy:TargetHttpProxy", "targetHttpProxies"),
    assigned: { proxyBind: false },
    unsupported: balancer.checkTargetHttpProxy,
    outputs: linked,
  },
  {
    ...global("gcp:compute/targetHttpsProxy:TargetHttpsProxy", "targetHttpsProxies"),
    assigned: { proxyBind: false, tlsEarlyData: "DISABLED" },
    defaults: () => ({ quicOverride: "NONE" }),
    check(inputs, report) {
      checkName(inputs, report);
      const { certificateMap, sslCertificates, certificateManagerCertificates } = inputs;
      if (
        [certificateMap, sslCertificates, certificateManagerCertificates].every(
          (value) => value === undefined,
        )
      ) {
        report("certificateMap", "must be set, or sslCertificates: an HTTPS proxy needs a certificate");
      }
      const map =
        /^\/\/certificatemanager\.googleapis\.com\/projects\/[^/]+\/locations\/[^/]+\/certificateMaps\/[^/]+$/;
      const rule = "must be //certificatemanager.googleapis.com/projects/P/locations/L/certificateMaps/M";
      checkPattern(inputs, "certificateMap", map, rule, report);
    },
    unsupported: balancer.checkTargetHttpsProxy,
    outputs: linked,
  },
  {
    ...global("gcp:compute/uRLMap:URLMap", "urlMaps"),
    check: named(checkUrlMap),
    unsupported: unsupportedInUrlMap,
    outputs: linked,
  },
  {
    ...global("gcp:compute/backendService:BackendService", "backendServices"),
    assigned: { timeoutSec: 30, sessionAffinity: "NONE", portName: "http" },
    defaults: () => ({
      loadBalancingScheme: "EXTERNAL",
      protocol: "HTTP",
      connectionDrainingTimeoutSec: 300,
    }),
    check(inputs, report) {
      checkName(inputs, report);
      checkWord(inputs.loadBalancingScheme, "loadBalancingScheme", SCHEMES, report);
    },
    unsupported: balancer.checkBackendService,
    outputs: linked,
  },
  {
    token: "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup",
    autoname: { property: "name", maxLength: 63, lowerCase: true },
    assigned: { network: "", pscData: {} },
    defaults: (_, { region }) => ({ networkEndpointType: "SERVERLESS", ...(region && { region }) }),
    check(inputs, report) {
      checkName(inputs, report);
      const targets = ["cloudRun", "cloudFunction", "appEngine", "serverlessDeployment"];
      if (inputs.networkEndpointType !== "SERVERLESS") return;
      if (targets.filter((target) => inputs[target] !== undefined).length !== 1) {
        report("cloudRun", `must be set, or exactly one of ${targets.slice(1).join(", ")}`);
      }
    },
    unsupported(inputs, report) {
      if (inputs.cloudRun === undefined) {
        report("cloudRun", "must be set: the local load balancer reaches Cloud Run services alone");
      }
      balancer.checkNetworkEndpointGroup(inputs, report);
    },
    id: (inputs) =>
      `${projectId(inputs)}/regions/${text(inputs, "region")}/networkEndpointGroups/${text(inputs, "name")}`,
    outputs: linked,
  },
  {
    ...global("gcp:compute/securityPolicy:SecurityPolicy", "securityPolicies"),
    assigned: { type: "CLOUD_ARMOR", advancedOptionsConfig: {}, adaptiveProtectionConfig: {} },
    check: named(checkSecurityPolicy),
    unsupported: unsupportedInSecurityPolicy,
    outputs: linked,
  },
  {
    ...global("gcp:compute/sSLPolicy:SSLPolicy", "sslPolicies"),
    defaults: () => ({ profile: "COMPATIBLE", minTlsVersion: "TLS_1_0" }),
    check(inputs, report) {
      checkName(inputs, report);
      checkWord(
        inputs.profile,
        "profile",
        ["COMPATIBLE", "MODERN", "RESTRICTED", "CUSTOM", "FIPS_202205"],
        report,
      );
      checkWord(inputs.minTlsVersion, "minTlsVersion", ["TLS_1_0", "TLS_1_1", "TLS_1_2", "TLS_1_3"], report);
      if (
        typeof inputs.profile === "string" &&
        (inputs.profile === "CUSTOM") !== (inputs.customFeatures !== undefined)
      ) {
        report("customFeatures", "must be set with profile CUSTOM, and only then");
      }
    },
    unsupported: balancer.checkSslPolicy,
    outputs: (draft) => ({ ...linked(draft), enabledFeatures: draft.inputs.customFeatures ?? [] }),
    volatile: ["enabledFeatures"],
  },
];

/** A kind of Compute Engine that belongs to no region. */
function global(token: string, collection: string): Kind {
  return {
    token,
    autoname: { property: "name", maxLength: 63, lowerCase: true },
    check: checkName,
    id: (inputs) => `${projectId(inputs)}/global/${collection}/${text(inputs, "name")}`,
  };
}

function named(
  check: (inputs: Properties, report: Report) => void,
): (inputs: Properties, report: Report) => void {
  return (inputs, report) => {
    checkName(inputs, report);
    check(inputs, report);
  };
}

/** @see https://cloud.google.com/compute/docs/naming-resources */
function checkName(inputs: Properties, report: Report): void {
  checkPattern(
    inputs,
    "name",
    /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/,
    "must be 1 to 63 lower-case letters, digits and dashes, begin with a letter and not end in a dash",
    report,
  );
}

function linked({ id }: Draft): Record<string, Value> {
  return { selfLink: `https://www.googleapis.com/compute/v1/${id}` };
}

/** The address asked for or had before, else the next free one. */
function addressOf({ id, inputs, previous }: Draft, { kernel }: CloudParts): string {
  if (typeof inputs.address === "string") return inputs.address;
  for (const name of ["address", "ipAddress"]) {
    const had = previous?.properties[name];
    if (typeof had === "string") return had;
  }
  const rules = kernel.resources.list("gcp:compute/globalForwardingRule:GlobalForwardingRule");
  const taken = new Set([
    ...kernel.resources.list(GLOBAL_ADDRESS).map(({ properties }) => properties.address),
    ...rules.map(({ properties }) => properties.ipAddress),
  ]);
  for (let host = 1; host <= LAST_HOST; host++) {
    if (!taken.has(`${NETWORK}.${host}`)) return `${NETWORK}.${host}`;
  }
  throw new ProviderError(
    "FAILED_PRECONDITION",
    `"${id}" cannot have an address: all of ${NETWORK}.0/24 are taken.`,
  );
}
