import { region } from "../../../review/rules/google/regions.ts";
import { count, unique } from "../../../review/rules/lists.ts";
import { atMostOneOf, exactlyOneOf, presence, requiredWith } from "../../../review/rules/presence.ts";
import { type CitedRules, cite, inObject, ofText } from "../../../review/rules/rule.ts";
import { domainName, matching, oneOf } from "../../../review/rules/text.ts";
import { listed, UNKNOWN } from "../../../review/rules/values.ts";

export const API = "https://cloud.google.com/certificate-manager/docs/reference/certificate-manager/rest/v1";
export const NAMES = `${API}/projects.locations.certificates/create`;
export const AUTHORIZATIONS = `${API}/projects.locations.dnsAuthorizations`;
export const CERTIFICATES = `${API}/projects.locations.certificates`;
export const ENTRIES = `${API}/projects.locations.certificateMaps.certificateMapEntries`;
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

export const DNS_AUTHORIZATION_RULES: readonly CitedRules[] = [
  NAME,
  cite(AUTHORIZATIONS, {
    domain: [domainName(), fitsChallenge],
    "": inObject(({ location, type }, report) => {
      if (typeof location === "string" && location !== "global" && type === "FIXED_RECORD") {
        report("type", "must be PER_PROJECT_RECORD where location is a region");
      }
    }),
  }),
];

export const CERTIFICATE_RULES: readonly CitedRules[] = [
  NAME,
  cite(CERTIFICATES, {
    scope: oneOf("DEFAULT", "EDGE_CACHE", "ALL_REGIONS", "CLIENT_AUTH"),
    "": [
      exactlyOneOf("managed", "selfManaged"),
      inObject(({ location, scope }, report) => {
        const isGlobal = location === undefined || location === "global" || location === UNKNOWN;
        if (!isGlobal && typeof scope === "string" && scope !== "" && scope !== "DEFAULT")
          report("scope", "must be DEFAULT where location is a region");
      }),
      inObject(({ managed, scope }, report) => {
        if (scope === "CLIENT_AUTH" && presence(managed) === "set")
          report("managed", "must be absent where scope is CLIENT_AUTH");
      }),
    ],
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
      requiredWith("pemPrivateKeyWo", "pemPrivateKeyWoVersion"),
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
];

export const CERTIFICATE_MAP_RULES: readonly CitedRules[] = [NAME];

export const CERTIFICATE_MAP_ENTRY_RULES: readonly CitedRules[] = [
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
];
