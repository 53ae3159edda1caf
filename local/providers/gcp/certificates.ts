import { createHash } from "node:crypto";
import { checkCertificate } from "../../cloud/load-balancing/checks.ts";
import { CERTIFICATE, CERTIFICATE_MAP, CERTIFICATE_MAP_ENTRY } from "../../cloud/load-balancing/kinds.ts";
import type { Kind } from "../kind.ts";
import { count } from "../rules/lists.ts";
import { exactlyOneOf, presence } from "../rules/presence.ts";
import { cite, inObject } from "../rules/rule.ts";
import { domainName, matching, oneOf } from "../rules/text.ts";
import { listed, nested, type Properties, text } from "../values.ts";
import { lastSegment, projectId } from "./names.ts";

const DNS_AUTHORIZATION = "gcp:certificatemanager/dnsAuthorization:DnsAuthorization";
const API = "https://cloud.google.com/certificate-manager/docs/reference/certificate-manager/rest/v1";
const NAMES = `${API}/projects.locations.certificates/create`;
const AUTHORIZATIONS = `${API}/projects.locations.dnsAuthorizations`;
const CERTIFICATES = `${API}/projects.locations.certificates`;
const ENTRIES = `${API}/projects.locations.certificateMaps.certificateMapEntries`;
const NAME = cite(NAMES, {
  name: matching(
    /^[a-z][a-z0-9_-]{0,62}$/,
    "must be 1 to 63 lower-case letters, digits, dashes and underscores, and begin with a letter",
  ),
});

const dnsAuthorization: Kind = {
  token: DNS_AUTHORIZATION,
  keptInUse: `${AUTHORIZATIONS}/delete`,
  autoname: { property: "name", maxLength: 63, source: NAMES },
  defaults: () => ({ location: "global" }),
  assigned: { type: "FIXED_RECORD" },
  rules: [NAME, cite(AUTHORIZATIONS, { domain: domainName() })],
  id: (inputs) => `${at(inputs)}/dnsAuthorizations/${text(inputs, "name")}`,
  outputs: ({ inputs, id }) => ({
    dnsResourceRecords: [
      {
        name: `_acme-challenge.${text(inputs, "domain")}.`,
        type: "CNAME",
        data: `${createHash("sha256").update(id).digest("hex").slice(0, 32)}.authorize.certificatemanager.goog.`,
      },
    ],
  }),
};

const certificate: Kind = {
  token: CERTIFICATE,
  references: { "managed.dnsAuthorizations[]": [DNS_AUTHORIZATION] },
  keptInUse: `${CERTIFICATES}/delete`,
  autoname: { property: "name", maxLength: 63, source: NAMES },
  defaults: () => ({ location: "global", scope: "DEFAULT" }),
  rules: [
    NAME,
    cite(CERTIFICATES, {
      scope: oneOf("DEFAULT", "EDGE_CACHE", "ALL_REGIONS", "CLIENT_AUTH"),
      "": exactlyOneOf("managed", "selfManaged"),
      managed: inObject((managed, report) => {
        if (presence(managed.domains) === "absent") report("domains", "must name a domain");
        if (presence(managed.dnsAuthorizations) !== "absent") return;
        for (const [index, domain] of listed(managed, "domains").entries()) {
          if (typeof domain === "string" && domain.startsWith("*.")) {
            report(`domains[${index}]`, "must have dnsAuthorizations, as every wildcard");
          }
        }
      }),
      "managed.domains": count({ from: 1, to: 100, what: "domains" }),
      "managed.domains[]": domainName({ wildcard: true }),
    }),
  ],
  unsupported: checkCertificate,
  id: (inputs) => `${at(inputs)}/certificates/${text(inputs, "name")}`,
  outputs: ({ inputs }) => ({ sanDnsnames: listed(nested(inputs, "managed"), "domains") }),
  volatile: ["sanDnsnames"],
};

const certificateMap: Kind = {
  token: CERTIFICATE_MAP,
  keptInUse: `${API}/projects.locations.certificateMaps/delete`,
  autoname: { property: "name", maxLength: 63, source: NAMES },
  rules: [NAME],
  id: (inputs) => `${projectId(inputs)}/locations/global/certificateMaps/${text(inputs, "name")}`,
  outputs: () => ({ gclbTargets: [] }),
};

const certificateMapEntry: Kind = {
  token: CERTIFICATE_MAP_ENTRY,
  references: { map: [CERTIFICATE_MAP], "certificates[]": [CERTIFICATE] },
  autoname: { property: "name", maxLength: 63, source: NAMES },
  rules: [
    NAME,
    cite(ENTRIES, {
      matcher: oneOf("PRIMARY"),
      "": exactlyOneOf("hostname", "matcher"),
      hostname: domainName({ wildcard: true }),
      certificates: count({ from: 1, to: 4, what: "certificates" }),
    }),
  ],
  id: (inputs) =>
    `${projectId(inputs)}/locations/global/certificateMaps/${lastSegment(text(inputs, "map"))}/certificateMapEntries/${text(inputs, "name")}`,
  outputs: () => ({ state: "ACTIVE" }),
};

export const CERTIFICATE_KINDS: readonly Kind[] = [
  dnsAuthorization,
  certificate,
  certificateMap,
  certificateMapEntry,
];

function at(inputs: Properties): string {
  return `${projectId(inputs)}/locations/${text(inputs, "location")}`;
}
