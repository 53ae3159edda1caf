import { GCP_KINDS } from "../google/package.ts";
import { describeRefusals } from "../testing/refusals.ts";

const AUTHORIZATION = "projects/acme/locations/global/dnsAuthorizations/api";
const CERTIFICATE = "projects/acme/locations/global/certificates/api";
const LONG = `${"a".repeat(60)}.${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(60)}.test`;
const MANAGED = "gcp:certificatemanager/certificate:Certificate";

describeRefusals(
  GCP_KINDS,
  "gcp:certificatemanager/dnsAuthorization:DnsAuthorization",
  { domain: "api.acme.test" },
  [
    [{ name: "Api" }, "name must be 1 to 63 lower-case letters", "certificate-manager/docs/reference"],
    [{ name: "1api" }, "name must be 1 to 63 lower-case letters", "certificate-manager/docs/reference"],
    [{ domain: undefined }, "domain must be set", "certificatemanager.DnsAuthorizationArgs"],
    [
      { domain: "*.acme.test" },
      "domain must be a domain name in lower case and without wildcard",
      "dnsAuthorizations",
    ],
    [
      { location: "world" },
      "location must be a region of Google Cloud such as europe-west1, or one of global",
      "projects.locations.certificates/create",
    ],
    [{ domain: "acme.test." }, "domain must be a domain name", "dnsAuthorizations"],
    [{ domain: LONG }, "domain must leave room for _acme-challenge.", "dnsAuthorizations"],
    [
      { type: "CNAME" },
      "type must be one of FIXED_RECORD, PER_PROJECT_RECORD",
      "certificatemanager.DnsAuthorizationArgs",
    ],
    [
      { location: "europe-west1", type: "FIXED_RECORD" },
      "type must be PER_PROJECT_RECORD where location is a region",
      "dnsAuthorizations",
    ],
    [{ "labels.Team": "a" }, "labels.Team must have a key of 1 to 63 lower-case letters", "labels-overview"],
    [{ "labels.team": "Platform" }, "labels.team must be at most 63 lower-case letters", "labels-overview"],
  ],
);

describeRefusals(
  GCP_KINDS,
  MANAGED,
  { managed: { domains: ["api.acme.test"], dnsAuthorizations: [AUTHORIZATION] } },
  [
    [{ scope: "GLOBAL" }, "scope must be one of DEFAULT", "projects.locations.certificates"],
    [{ managed: undefined }, "managed must be set, or selfManaged", "projects.locations.certificates"],
    [
      {
        "selfManaged.pemCertificate": "-----BEGIN CERTIFICATE-----",
        "selfManaged.pemPrivateKey": "-----BEGIN PRIVATE KEY-----",
      },
      "selfManaged must be absent beside managed",
      "projects.locations.certificates",
    ],
    [
      { "managed.domains": undefined },
      "managed.domains must name a domain",
      "projects.locations.certificates",
      "managed.state",
    ],
    [
      { "managed.domains": [] },
      "managed.domains must be 1 to 100 domains",
      "projects.locations.certificates",
    ],
    [
      { "managed.domains": Array.from({ length: 101 }, (_, index) => `d${index}.acme.test`) },
      "managed.domains must be 1 to 100 domains",
      "projects.locations.certificates",
    ],
    [
      { "managed.domains[1]": "api.acme.test" },
      "managed.domains[1] must be the only one",
      "projects.locations.certificates",
    ],
    [
      { "managed.domains[0]": "API.acme.test" },
      "managed.domains[0] must be a domain name",
      "projects.locations.certificates",
    ],
    [
      { "managed.domains[0]": "*.acme.test", "managed.dnsAuthorizations": undefined },
      "managed.domains[0] must have dnsAuthorizations, as every wildcard",
      "projects.locations.certificates",
      "description",
    ],
    [
      { "managed.dnsAuthorizations[0]": "api" },
      "managed.dnsAuthorizations[0] must be projects/P",
      "projects.locations.certificates",
    ],
    [
      { "managed.issuanceConfig": "c" },
      "managed.issuanceConfig must be absent beside dnsAuthorizations",
      "certificatemanager/certificate",
    ],
  ],
);

describeRefusals(
  GCP_KINDS,
  MANAGED,
  {
    selfManaged: {
      pemCertificate: "-----BEGIN CERTIFICATE-----\nMII",
      pemPrivateKey: "-----BEGIN PRIVATE KEY-----\nMII",
    },
  },
  [
    [
      { "selfManaged.pemPrivateKey": undefined },
      "selfManaged.pemPrivateKey must be set",
      "projects.locations.certificates",
      "scope",
    ],
    [
      { "selfManaged.pemCertificate": undefined },
      "selfManaged.pemCertificate must be set",
      "projects.locations.certificates",
      "scope",
    ],
    [
      { "selfManaged.pemCertificate": "MII" },
      "selfManaged.pemCertificate must be certificates in PEM",
      "projects.locations.certificates",
    ],
    [
      { "selfManaged.pemPrivateKey": "hidden" },
      "selfManaged.pemPrivateKey must be a key in PEM; got [secret]",
      "projects.locations.certificates",
    ],
  ],
);

describeRefusals(GCP_KINDS, "gcp:certificatemanager/certificateMap:CertificateMap", { name: "front" }, [
  [{ name: "front.map" }, "name must be 1 to 63 lower-case letters", "certificate-manager/docs/reference"],
]);

describeRefusals(
  GCP_KINDS,
  "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry",
  { map: "front", hostname: "api.acme.test", certificates: [CERTIFICATE] },
  [
    [{ map: undefined }, "map must be set", "certificatemanager.CertificateMapEntryArgs"],
    [
      { map: "projects/acme/locations/global/certificateMaps/front" },
      "map must be the map's name alone",
      "certificateMapEntries",
    ],
    [{ hostname: undefined }, "hostname must be set, or matcher", "certificateMapEntries"],
    [{ matcher: "PRIMARY" }, "matcher must be absent beside hostname", "certificateMapEntries"],
    [{ hostname: undefined, matcher: "ANY" }, "matcher must be one of PRIMARY", "certificateMapEntries"],
    [{ hostname: "https://acme.test" }, "hostname must be a domain name", "certificateMapEntries"],
    [{ certificates: [] }, "certificates must be 1 to 4 certificates", "certificateMapEntries"],
    [
      { "certificates[0]": "api" },
      "certificates[0] must be projects/P/locations/L/certificates/C",
      "certificateMapEntries",
    ],
    [
      { certificates: Array.from({ length: 5 }, (_, index) => `${CERTIFICATE}${index}`) },
      "certificates must be 1 to 4 certificates",
      "certificateMapEntries",
    ],
  ],
);

describeRefusals(GCP_KINDS, MANAGED, { location: "europe-west1", managed: { domains: ["api.acme.test"] } }, [
  [{ scope: "ALL_REGIONS" }, "scope must be DEFAULT where location is a region", "certificates"],
]);
