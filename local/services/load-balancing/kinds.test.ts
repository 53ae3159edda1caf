import { describeAcceptance, describeRefusals } from "../testing/refusals.ts";
import { COMPUTE_KINDS } from "./kinds.ts";

const MAP = "//certificatemanager.googleapis.com/projects/acme/locations/global/certificateMaps/map";
const NAMING = "/compute/docs/naming-resources";

describeRefusals(COMPUTE_KINDS, "gcp:compute/globalAddress:GlobalAddress", { name: "front" }, [
  [{ name: "Front" }, "name must be 1 to 63 lower-case letters", NAMING],
  [{ name: "front-" }, "name must be 1 to 63 lower-case letters", NAMING],
  [{ name: "f".repeat(64) }, "name must be 1 to 63 lower-case letters", NAMING],
  [
    { addressType: "REGIONAL" },
    "addressType must be one of EXTERNAL, INTERNAL",
    "@pulumi/gcp 9.37: compute.GlobalAddressArgs",
  ],
  [{ ipVersion: "IPV5" }, "ipVersion must be one of IPV4, IPV6", "@pulumi/gcp 9.37"],
  [{ address: "203.0.113" }, "address must be an IP address", "/globalAddresses"],
  [{ purpose: "VPN", addressType: "INTERNAL" }, "purpose must be one of VPC_PEERING", "/globalAddresses"],
  [{ prefixLength: 16 }, "prefixLength must be absent unless addressType is INTERNAL", "/globalAddresses"],
  [
    { addressType: "INTERNAL", purpose: "VPC_PEERING", prefixLength: 16 },
    "network must be set where purpose is VPC_PEERING",
    "/globalAddresses",
  ],
]);

describeRefusals(
  COMPUTE_KINDS,
  "gcp:compute/globalForwardingRule:GlobalForwardingRule",
  { target: "proxy", portRange: "443", loadBalancingScheme: "EXTERNAL_MANAGED" },
  [
    [{ target: undefined }, "target must be set", "compute.GlobalForwardingRuleArgs"],
    [
      { loadBalancingScheme: "MANAGED" },
      "loadBalancingScheme must be one of",
      "compute.GlobalForwardingRuleArgs",
    ],
    [{ portRange: undefined }, "portRange must be set", "#port_specifications"],
    [{ portRange: "70000" }, "portRange must be one port from 1 to 65535", "#port_specifications"],
    [{ portRange: "80-443" }, "portRange must be one port", "#port_specifications"],
    [{ portRange: "https" }, "portRange must be one port", "#port_specifications"],
    [{ portRange: 443 }, "portRange must be a string", "compute.GlobalForwardingRuleArgs"],
    [
      { ipProtocol: "UDP" },
      "ipProtocol must be TCP where loadBalancingScheme is EXTERNAL_MANAGED",
      "/globalForwardingRules",
    ],
    [
      { sourceIpRanges: ["10.0.0.1/8"] },
      "sourceIpRanges[0] must have no bits beyond its prefix: 10.0.0.0/8",
      "/globalForwardingRules",
    ],
    [{ networkTier: "STANDARD" }, "networkTier must be one of PREMIUM", "/globalForwardingRules"],
  ],
);

describeAcceptance(
  COMPUTE_KINDS,
  "gcp:compute/globalForwardingRule:GlobalForwardingRule",
  { loadBalancingScheme: "", network: "projects/acme/global/networks/n", ipAddress: "10.0.0.5" },
  [
    { name: "pscapis", target: "all-apis" },
    { name: "pscapis", target: "vpc-sc" },
  ],
);

describeRefusals(COMPUTE_KINDS, "gcp:compute/targetHttpProxy:TargetHttpProxy", { urlMap: "map" }, [
  [{ urlMap: undefined }, "urlMap must be set", "compute.TargetHttpProxyArgs"],
  [
    { httpKeepAliveTimeoutSec: 4 },
    "httpKeepAliveTimeoutSec must be a whole number from 5 to 1200",
    "/targetHttpProxies",
  ],
]);

describeRefusals(
  COMPUTE_KINDS,
  "gcp:compute/targetHttpsProxy:TargetHttpsProxy",
  { urlMap: "map", certificateMap: MAP },
  [
    [
      { certificateMap: undefined },
      "certificateMap must be set, or sslCertificates or",
      "/targetHttpsProxies",
    ],
    [
      { certificateMap: MAP.slice(38) },
      "certificateMap must be //certificatemanager.googleapis.com/",
      "/targetHttpsProxies",
    ],
    [
      { certificateManagerCertificates: ["c"] },
      "certificateManagerCertificates must be absent beside certificateMap",
      "/targetHttpsProxies",
    ],
    [
      { certificateMap: undefined, sslCertificates: Array(16).fill("c") },
      "sslCertificates must be at most 15 certificates",
      "/targetHttpsProxies",
    ],
    [
      { quicOverride: "ON" },
      "quicOverride must be one of NONE, ENABLE, DISABLE",
      "compute.TargetHttpsProxyArgs",
    ],
    [{ tlsEarlyData: "YES" }, "tlsEarlyData must be one of STRICT", "compute.TargetHttpsProxyArgs"],
  ],
);

describeRefusals(
  COMPUTE_KINDS,
  "gcp:compute/sSLPolicy:SSLPolicy",
  { profile: "MODERN", minTlsVersion: "TLS_1_2" },
  [
    [{ profile: "STRICT" }, "profile must be one of COMPATIBLE", "compute.SSLPolicyArgs"],
    [{ minTlsVersion: "1.2" }, "minTlsVersion must be one of TLS_1_0", "compute.SSLPolicyArgs"],
    [
      { minTlsVersion: "TLS_1_3" },
      "profile must be RESTRICTED where minTlsVersion is TLS_1_3",
      "/ssl-policies-concepts",
    ],
    [
      { profile: "FIPS_202205", minTlsVersion: "TLS_1_0" },
      "minTlsVersion must be TLS_1_2 where profile is FIPS_202205",
      "/ssl-policies-concepts",
    ],
    [{ profile: "CUSTOM" }, "customFeatures must be set where profile is CUSTOM", "/ssl-policies-concepts"],
    [
      { customFeatures: ["TLS_AES_128_GCM_SHA256"] },
      "customFeatures must be absent unless profile is CUSTOM",
      "/ssl-policies-concepts",
    ],
  ],
);

describeRefusals(
  COMPUTE_KINDS,
  "gcp:compute/backendService:BackendService",
  {
    loadBalancingScheme: "EXTERNAL_MANAGED",
    protocol: "HTTPS",
    backends: [{ group: "group" }],
    logConfig: { enable: true, sampleRate: 1 },
  },
  [
    [{ protocol: "HTTP3" }, "protocol must be one of HTTP, HTTPS", "compute.BackendServiceArgs"],
    [{ sessionAffinity: "IP" }, "sessionAffinity must be one of NONE", "compute.BackendServiceArgs"],
    [
      { localityLbPolicy: "FAIR" },
      "localityLbPolicy must be one of ROUND_ROBIN",
      "compute.BackendServiceArgs",
    ],
    [{ "backends[0].group": undefined }, "backends[0].group must be set", "compute.BackendServiceBackend"],
    [
      { "backends[1].group": "group" },
      "backends[1].group must be the only one of its value",
      "/backendServices",
    ],
    [
      { "backends[0].balancingMode": "FAIR" },
      "backends[0].balancingMode must be one of UTILIZATION",
      "compute.BackendServiceBackend",
    ],
    [{ "backends[0].balancingMode": "RATE" }, "backends[0].maxRate must be set", "/backendServices"],
    [
      { "backends[0].capacityScaler": 1.5 },
      "backends[0].capacityScaler must be from 0 to 1",
      "/backendServices",
    ],
    [
      { "backends[0].maxUtilization": 80 },
      "backends[0].maxUtilization must be from 0 to 1",
      "/backendServices",
    ],
    [
      { backends: Array.from({ length: 51 }, (_, index) => ({ group: `g${index}` })) },
      "backends must be at most 50 backends",
      "/load-balancing/docs/quotas",
    ],
    [{ timeoutSec: 0 }, "timeoutSec must be a whole number from 1", "/backendServices"],
    [
      { connectionDrainingTimeoutSec: 4000 },
      "connectionDrainingTimeoutSec must be a whole number from 0 to 3600",
      "/backendServices",
    ],
    [
      { affinityCookieTtlSec: 1_300_000 },
      "affinityCookieTtlSec must be a whole number from 0 to 1209600",
      "/backendServices",
    ],
    [{ "logConfig.sampleRate": 10 }, "logConfig.sampleRate must be from 0 to 1", "https-logging-monitoring"],
    [
      { "logConfig.enable": false },
      "logConfig.sampleRate must be absent unless enable is true",
      "https-logging-monitoring",
    ],
    [
      { "logConfig.optionalMode": "INCLUDE_ALL_OPTIONAL", "logConfig.optionalFields": ["tls.protocol"] },
      "logConfig.optionalFields must be absent unless optionalMode is CUSTOM",
      "https-logging-monitoring",
    ],
    [
      { customRequestHeaders: ["X-Client {ip}"] },
      "customRequestHeaders[0] must be a header and its value",
      "/backendServices",
      "customRequestHeaders[1]",
    ],
    [
      { "cdnPolicy.defaultTtl": -1 },
      "cdnPolicy.defaultTtl must be a whole number from 0",
      "/backendServices",
    ],
    [
      { loadBalancingScheme: "EXTERNAL", "backends[0].preference": "PREFERRED" },
      "backends[0].preference must be absent where loadBalancingScheme is EXTERNAL",
      "/backendServices",
    ],
  ],
);

describeRefusals(
  COMPUTE_KINDS,
  "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup",
  { networkEndpointType: "SERVERLESS", cloudRun: { service: "api" } },
  [
    [
      { networkEndpointType: "LAMBDA", cloudRun: undefined },
      "networkEndpointType must be one of SERVERLESS",
      "compute.RegionNetworkEndpointGroupArgs",
    ],
    [{ region: "mars" }, "region must be a region of Google Cloud", "compute/docs/regions-zones"],
    [{ cloudRun: undefined }, "cloudRun must be set, or cloudFunction or", "/regionNetworkEndpointGroups"],
    [
      { cloudFunction: { function: "f" } },
      "cloudFunction must be absent beside cloudRun",
      "/regionNetworkEndpointGroups",
    ],
    [
      { "cloudRun.service": undefined },
      "cloudRun.service must be set, or urlMask",
      "/regionNetworkEndpointGroups",
    ],
    [
      { "cloudRun.service": "Api" },
      "cloudRun.service must be 1 to 63 lower-case letters",
      "/regionNetworkEndpointGroups",
    ],
    [
      { network: "default" },
      "network must be absent where networkEndpointType is SERVERLESS",
      "/regionNetworkEndpointGroups",
    ],
    [
      { networkEndpointType: "PRIVATE_SERVICE_CONNECT", cloudRun: undefined },
      "pscTargetService must be set",
      "/regionNetworkEndpointGroups",
    ],
    [
      { pscTargetService: "x" },
      "pscTargetService must be absent unless networkEndpointType is PRIVATE_SERVICE_CONNECT",
      "/regionNetworkEndpointGroups",
    ],
  ],
);
