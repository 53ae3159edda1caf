import { count } from "../../../review/rules/lists.ts";
import { cidr, ipAddress } from "../../../review/rules/network.ts";
import { whole } from "../../../review/rules/numbers.ts";
import { atLeastOneOf, atMostOneOf, dependent, onlyWhere, presence } from "../../../review/rules/presence.ts";
import { cite, inObject, ofText } from "../../../review/rules/rule.ts";
import { emptyOr, matching, oneOf, rfc1035Label } from "../../../review/rules/text.ts";
import { UNKNOWN } from "../../../review/rules/values.ts";

/** Of every resource of Compute Engine. */
export const NAMING = "https://cloud.google.com/compute/docs/naming-resources";
export const NAME = cite(NAMING, { name: rfc1035Label() });
const API = "https://cloud.google.com/compute/docs/reference/rest/v1";
const PORTS = "https://cloud.google.com/load-balancing/docs/forwarding-rule-concepts#port_specifications";
const SSL_POLICIES = "https://cloud.google.com/load-balancing/docs/ssl-policies-concepts";
const KEEP_ALIVE = whole({ from: 5, to: 1200, what: "seconds" });

export const ADDRESS_RULES = [
  cite(`${API}/globalAddresses`, {
    address: ipAddress(),
    purpose: oneOf("VPC_PEERING", "PRIVATE_SERVICE_CONNECT"),
    "": [
      onlyWhere("addressType", ["INTERNAL"], "purpose", "prefixLength", "network"),
      dependent("purpose", ["VPC_PEERING"], { required: ["network", "prefixLength"] }),
      dependent("purpose", ["PRIVATE_SERVICE_CONNECT"], { required: ["network"], absent: ["prefixLength"] }),
    ],
  }),
];

export const FORWARDING_RULE_RULES = [
  cite(`${API}/globalForwardingRules`, {
    networkTier: oneOf("PREMIUM"),
    "sourceIpRanges[]": cidr(),
    "": inObject(({ ipProtocol, loadBalancingScheme }, report) => {
      const isExternal = loadBalancingScheme === "EXTERNAL" || loadBalancingScheme === "EXTERNAL_MANAGED";
      if (isExternal && typeof ipProtocol === "string" && ipProtocol !== "TCP") {
        report("ipProtocol", `must be TCP where loadBalancingScheme is ${loadBalancingScheme}`);
      }
    }),
  }),
  cite(PORTS, {
    portRange: ofText((text) => {
      const [, first = "", last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
      const isPort = Number(first) >= 1 && Number(first) <= 65_535 && Number(first) === Number(last);
      return isPort ? undefined : 'must be one port from 1 to 65535, "443"';
    }),
    "": inObject(({ portRange, loadBalancingScheme }, report) => {
      // Without a scheme it is an endpoint of Private Service Connect, of every port.
      if (presence(portRange) !== "absent" || loadBalancingScheme === "" || loadBalancingScheme === UNKNOWN)
        return;
      report("portRange", "must be set: a rule forwards one port");
    }),
  }),
];

export const HTTP_PROXY_RULES = [cite(`${API}/targetHttpProxies`, { httpKeepAliveTimeoutSec: KEEP_ALIVE })];

export const HTTPS_PROXY_RULES = [
  cite(`${API}/targetHttpsProxies`, {
    httpKeepAliveTimeoutSec: KEEP_ALIVE,
    sslCertificates: count({ to: 15, what: "certificates" }),
    "": [
      atLeastOneOf("certificateMap", "sslCertificates", "certificateManagerCertificates"),
      atMostOneOf("sslCertificates", "certificateManagerCertificates"),
      atMostOneOf("certificateMap", "certificateManagerCertificates"),
    ],
    certificateMap: emptyOr(
      matching(
        /^\/\/certificatemanager\.googleapis\.com\/projects\/[^/]+\/locations\/[^/]+\/certificateMaps\/[^/]+$/,
        "must be //certificatemanager.googleapis.com/projects/P/locations/L/certificateMaps/M",
      ),
    ),
  }),
];

export const SSL_POLICY_RULES = [
  cite(SSL_POLICIES, {
    "": [
      dependent("profile", ["CUSTOM"], { required: ["customFeatures"] }),
      onlyWhere("profile", ["CUSTOM"], "customFeatures"),
      inObject(({ profile, minTlsVersion }, report) => {
        if (profile === UNKNOWN || minTlsVersion === UNKNOWN) return;
        if (minTlsVersion === "TLS_1_3" && profile !== "RESTRICTED") {
          report("profile", "must be RESTRICTED where minTlsVersion is TLS_1_3");
        }
        if (profile === "FIPS_202205" && minTlsVersion !== "TLS_1_2") {
          report("minTlsVersion", "must be TLS_1_2 where profile is FIPS_202205");
        }
      }),
    ],
  }),
];
