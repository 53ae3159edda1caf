import { text, UNKNOWN, type Value } from "../../../review/rules/values.ts";
import type { Draft, KindEntry, ResourceHolder } from "../../provider/kind.ts";
import { ProviderError } from "../../provider/provider-error.ts";
import { googleKinds } from "../google/google-kinds.ts";
import { projectId } from "../google/names.ts";
import { resolve } from "../google/references.ts";
import { BACKEND_SERVICE_RULES, checkServerlessBackends, ENDPOINT_GROUP_RULES } from "./backend-rules.ts";
import * as balancer from "./checks.ts";
import { verifyForwardingRule, verifyHttpsProxy } from "./front-end-matches.ts";
import * as rules from "./front-end-rules.ts";
import * as kinds from "./kind-tokens.ts";
import { SERVICE_PATHS, verifyPolicies, verifyProxyScheme, verifyUrlMapSchemes } from "./scheme-matches.ts";
import { checkSecurityPolicy as unsupportedInSecurityPolicy } from "./security-policy.ts";
import { SECURITY_POLICY_RULES } from "./security-policy-rules.ts";
import { checkUrlMap as unsupportedInUrlMap } from "./url-map-checks.ts";
import { URL_MAP_RULES } from "./url-map-rules.ts";

const IN_USE = "https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-api-errors";
const SERVERLESS_GROUPS =
  "https://cloud.google.com/load-balancing/docs/negs/serverless-neg-concepts#limitations";
/** A URL map may name services of another project; nothing else here may. */
const ONE_PROJECT = "https://cloud.google.com/load-balancing/docs/https#cross-project-service-referencing";
const AUTONAME = { property: "name", maxLength: 63, lowerCase: true, source: rules.NAMING } as const;
/** TEST-NET-3 (RFC 5737), which nobody routes. Its first and last addresses stay free. */
const NETWORK = "203.0.113";
const LAST_HOST = 254;

export const COMPUTE_KINDS = googleKinds<ResourceHolder>(
  import.meta.dirname,
  ["compute.googleapis.com"],
  [
    {
      ...global(kinds.GLOBAL_ADDRESS, "addresses"),
      holds: "an address",
      assigned: { address: UNKNOWN, prefixLength: 0 },
      defaults: () => ({ addressType: "EXTERNAL", ipVersion: "IPV4" }),
      rules: [rules.NAME, ...rules.ADDRESS_RULES],
      unsupported({ addressType, ipVersion }, report) {
        if (addressType === "INTERNAL") report("addressType", "must be EXTERNAL: there is no network inside");
        if (ipVersion === "IPV6") report("ipVersion", "must be IPV4: the local addresses are no other");
      },
      outputs: (draft, parts) => ({ ...linked(draft), address: addressOf(draft, parts) }),
    },
    {
      ...global(kinds.FORWARDING_RULE, "forwardingRules"),
      references: { target: [kinds.TARGET_HTTP_PROXY, kinds.TARGET_HTTPS_PROXY] },
      ownProject: { target: ONE_PROJECT },
      assigned: {
        ipAddress: UNKNOWN,
        ipProtocol: "TCP",
        network: "",
        networkTier: "PREMIUM",
        subnetwork: "",
      },
      defaults: () => ({ loadBalancingScheme: "EXTERNAL" }),
      rules: [rules.NAME, ...rules.FORWARDING_RULE_RULES],
      verify: verifyForwardingRule,
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
      ...global(kinds.TARGET_HTTP_PROXY, "targetHttpProxies"),
      references: { urlMap: [kinds.URL_MAP] },
      ownProject: { urlMap: ONE_PROJECT },
      assigned: { proxyBind: false },
      rules: [rules.NAME, ...rules.HTTP_PROXY_RULES],
      verify: verifyProxyScheme,
      unsupported: balancer.checkTargetHttpProxy,
      outputs: linked,
    },
    {
      ...global(kinds.TARGET_HTTPS_PROXY, "targetHttpsProxies"),
      references: {
        urlMap: [kinds.URL_MAP],
        certificateMap: [kinds.CERTIFICATE_MAP],
        sslPolicy: [kinds.SSL_POLICY],
      },
      ownProject: {
        urlMap: ONE_PROJECT,
        certificateMap: ONE_PROJECT,
        sslPolicy: ONE_PROJECT,
        "sslCertificates[]": ONE_PROJECT,
      },
      assigned: { proxyBind: false, tlsEarlyData: "DISABLED" },
      defaults: () => ({ quicOverride: "NONE" }),
      rules: [rules.NAME, ...rules.HTTPS_PROXY_RULES],
      verify: verifyHttpsProxy,
      unsupported: balancer.checkTargetHttpsProxy,
      outputs: linked,
    },
    {
      ...global(kinds.URL_MAP, "urlMaps"),
      references: {
        ...Object.fromEntries(SERVICE_PATHS.map((path) => [path, [kinds.BACKEND_SERVICE]])),
        "tests[].service": [kinds.BACKEND_SERVICE],
      },
      rules: [rules.NAME, ...URL_MAP_RULES],
      verify: verifyUrlMapSchemes,
      unsupported: unsupportedInUrlMap,
      outputs: linked,
    },
    {
      ...global(kinds.BACKEND_SERVICE, "backendServices"),
      references: {
        "backends[].group": [kinds.NETWORK_ENDPOINT_GROUP],
        securityPolicy: [kinds.SECURITY_POLICY],
        edgeSecurityPolicy: [kinds.SECURITY_POLICY],
      },
      ownProject: {
        "backends[].group": ONE_PROJECT,
        securityPolicy: ONE_PROJECT,
        edgeSecurityPolicy: ONE_PROJECT,
      },
      assigned: { timeoutSec: 30, sessionAffinity: "NONE", portName: "http" },
      defaults: () => ({
        loadBalancingScheme: "EXTERNAL",
        protocol: "HTTP",
        connectionDrainingTimeoutSec: 300,
      }),
      rules: [rules.NAME, ...BACKEND_SERVICE_RULES],
      verify: ({ inputs }, around, report) => {
        const isServerless = (group: string) =>
          resolve(around, kinds.NETWORK_ENDPOINT_GROUP, group)?.properties.networkEndpointType ===
          "SERVERLESS";
        checkServerlessBackends(inputs, isServerless, (path, rule) => report(path, rule, SERVERLESS_GROUPS));
        verifyPolicies(inputs, around, report);
      },
      unsupported: balancer.checkBackendService,
      outputs: linked,
    },
    {
      token: kinds.NETWORK_ENDPOINT_GROUP,
      autoname: AUTONAME,
      keptInUse: IN_USE,
      assigned: { network: "", pscData: {} },
      defaults: (_, { region }) => ({ networkEndpointType: "SERVERLESS", ...(region && { region }) }),
      rules: [rules.NAME, ...ENDPOINT_GROUP_RULES],
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
      ...global(kinds.SECURITY_POLICY, "securityPolicies"),
      assigned: { type: "CLOUD_ARMOR", advancedOptionsConfig: {}, adaptiveProtectionConfig: {} },
      rules: [rules.NAME, ...SECURITY_POLICY_RULES],
      unsupported: unsupportedInSecurityPolicy,
      outputs: linked,
    },
    {
      ...global(kinds.SSL_POLICY, "sslPolicies"),
      defaults: () => ({ profile: "COMPATIBLE", minTlsVersion: "TLS_1_0" }),
      rules: [rules.NAME, ...rules.SSL_POLICY_RULES],
      unsupported: balancer.checkSslPolicy,
      outputs: (draft) => ({ ...linked(draft), enabledFeatures: draft.inputs.customFeatures ?? [] }),
      volatile: ["enabledFeatures"],
    },
  ],
);

/** A kind of Compute Engine that belongs to no region. */
function global(token: string, collection: string): KindEntry {
  return {
    token,
    autoname: AUTONAME,
    keptInUse: IN_USE,
    rules: [rules.NAME],
    id: (inputs) => `${projectId(inputs)}/global/${collection}/${text(inputs, "name")}`,
  };
}

function linked({ id }: Draft): Record<string, Value> {
  return { selfLink: `https://www.googleapis.com/compute/v1/${id}` };
}

/** The address asked for or had before, else the next free one. */
function addressOf({ id, inputs, previous }: Draft, { kernel }: ResourceHolder): string {
  if (typeof inputs.address === "string") return inputs.address;
  for (const name of ["address", "ipAddress"]) {
    const had = previous?.properties[name];
    if (typeof had === "string") return had;
  }
  const forwarding = kernel.resources.list(kinds.FORWARDING_RULE);
  const taken = new Set([
    ...kernel.resources.list(kinds.GLOBAL_ADDRESS).map(({ properties }) => properties.address),
    ...forwarding.map(({ properties }) => properties.ipAddress),
  ]);
  for (let host = 1; host <= LAST_HOST; host++) {
    if (!taken.has(`${NETWORK}.${host}`)) return `${NETWORK}.${host}`;
  }
  throw new ProviderError(
    "FAILED_PRECONDITION",
    `"${id}" cannot have an address: all of ${NETWORK}.0/24 are taken.`,
  );
}
