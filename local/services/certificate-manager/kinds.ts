import { createHash } from "node:crypto";
import { region } from "../../../review/rules/google/regions.ts";
import { count, unique } from "../../../review/rules/lists.ts";
import { atMostOneOf, exactlyOneOf, presence } from "../../../review/rules/presence.ts";
import { cite, inObject, ofText } from "../../../review/rules/rule.ts";
import { domainName, matching, oneOf } from "../../../review/rules/text.ts";
import { listed, nested, type Properties, text } from "../../../review/rules/values.ts";
import type { Kind } from "../../provider/kind.ts";
import { lastSegment, projectId } from "../google/names.ts";
import { resolve } from "../google/references.ts";
import { checkCertificate } from "../load-balancing/checks.ts";
import { CERTIFICATE, CERTIFICATE_MAP, CERTIFICATE_MAP_ENTRY } from "../load-balancing/kind-tokens.ts";

const DNS_AUTHORIZATION = "gcp:certificatemanager/dnsAuthorization:DnsAuthorization";
const API = "https://cloud.google.com/certificate-manager/docs/reference/certificate-manager/rest/v1";
const NAMES = `${API}/projects.locations.certificates/create`;
const AUTHORIZATIONS = `${API}/projects.locations.dnsAuthorizations`;
const CERTIFICATES = `${API}/projects.locations.certificates`;
const ENTRIES = `${API}/projects.locations.certificateMaps.certificateMapEntries`;
/** The name that proves a domain, `_acme-challenge.DOMAIN`, must be one too (RFC 1035, 2.3.4). */
const fitsChallenge = ofText((domain) =>
  domain.replace(/^\*\./, "").length <= 253 - "_acme-challenge.".length
    ? undefined
    : "must leave room for _acme-challenge. before it: 237 characters at most",
);
const NAME = cite(NAMES, {
  location: region({ or: ["global"] }),
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
  rules: [
    NAME,
    cite(AUTHORIZATIONS, {
      domain: [domainName(), fitsChallenge],
      "": inObject(({ location, type }, report) => {
        if (typeof location === "string" && location !== "global" && type === "FIXED_RECORD") {
          report("type", "must be PER_PROJECT_RECORD where location is a region");
        }
      }),
    }),
  ],
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
        if (presence(managed.issuanceConfig) !== "absent") return;
        for (const [index, domain] of listed(managed, "domains").entries()) {
          if (typeof domain === "string" && domain.startsWith("*.")) {
            report(`domains[${index}]`, "must have dnsAuthorizations, as every wildcard");
          }
        }
      }),
      selfManaged: [
        exactlyOneOf("pemCertificate", "certificatePem"),
        exactlyOneOf("pemPrivateKey", "pemPrivateKeyWo", "privateKeyPem"),
      ],
      "selfManaged.pemCertificate": matching(/-----BEGIN CERTIFICATE-----/, "must be certificates in PEM"),
      "selfManaged.pemPrivateKey": matching(/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "must be a key in PEM"),
      "managed.domains": [count({ from: 1, to: 100, what: "domains" }), unique()],
      "managed.domains[]": [domainName({ wildcard: true }), fitsChallenge],
      "managed.dnsAuthorizations[]": matching(
        /^projects\/[^/]+\/locations\/[^/]+\/dnsAuthorizations\/[^/]+$/,
        "must be projects/P/locations/L/dnsAuthorizations/A",
      ),
    }),
    cite(
      "https://www.pulumi.com/registry/packages/gcp/api-docs/certificatemanager/certificate/#certificatemanaged",
      { managed: atMostOneOf("dnsAuthorizations", "issuanceConfig") },
    ),
  ],
  verify({ inputs }, around, report) {
    const managed = nested(inputs, "managed");
    if (presence(managed.dnsAuthorizations) !== "set") return;
    const authorized = listed(managed, "dnsAuthorizations").map(
      (name) => resolve(around, DNS_AUTHORIZATION, name)?.properties.domain,
    );
    // What one of them authorizes is not known here.
    if (authorized.includes(undefined)) return;
    for (const [index, domain] of listed(managed, "domains").entries()) {
      if (typeof domain === "string" && !authorized.includes(domain.replace(/^\*\./, ""))) {
        report(
          `managed.domains[${index}]`,
          "must have a DNS authorization of its own among dnsAuthorizations",
          "https://cloud.google.com/certificate-manager/docs/domain-authorization#dns-auth",
        );
      }
    }
  },
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
      // The provider puts it in a path: an id would make another.
      map: matching(/^[^/]+$/, "must be the map's name alone, not its id"),
      certificates: [count({ from: 1, to: 4, what: "certificates" }), unique()],
      "certificates[]": matching(
        /^(?:\/\/certificatemanager\.googleapis\.com\/)?projects\/[^/]+\/locations\/[^/]+\/certificates\/[^/]+$/,
        "must be projects/P/locations/L/certificates/C",
      ),
    }),
  ],
  verify({ id, inputs }, around, report) {
    const [map] = id.split("/certificateMapEntries/");
    for (const other of around.list(CERTIFICATE_MAP_ENTRY)) {
      if (other.id === id || !other.id.startsWith(`${map}/`)) continue;
      for (const name of ["hostname", "matcher"]) {
        if (inputs[name] !== undefined && inputs[name] === other.properties[name]) {
          report(name, `must be in one entry of its map only, and ${other.id} has it`, ENTRIES);
        }
      }
    }
  },
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
