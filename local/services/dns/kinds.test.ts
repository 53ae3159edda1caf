import { GCP_KINDS } from "../google/package.ts";
import { describeAcceptance, describeRefusals, type Mistake } from "../testing/refusals.ts";

const RECORD_SET = "gcp:dns/recordSet:RecordSet";
const FORMATS = "#supported_dns_record_types";

describeRefusals(GCP_KINDS, "gcp:dns/managedZone:ManagedZone", { dnsName: "acme.test." }, [
  [{ dnsName: undefined }, "dnsName must be set", "dns.ManagedZoneArgs"],
  [{ dnsName: "Acme.test." }, "dnsName must be a domain in lower case", "/managedZones"],
  [{ dnsName: "acme.test" }, "dnsName must be a domain in lower case with a dot at its end", "/managedZones"],
  [{ dnsName: "*.acme.test." }, "dnsName must be a domain in lower case", "/managedZones"],
  [{ dnsName: `${"a".repeat(64)}.test.` }, "dnsName must be a domain in lower case", "/managedZones"],
  [{ name: "Zone" }, "name must be 1 to 63 lower-case letters", "/managedZones"],
  [{ visibility: "internal" }, "visibility must be one of private, public", "dns.ManagedZoneArgs"],
  [
    { "dnssecConfig.state": "yes" },
    "dnssecConfig.state must be one of off, on, transfer",
    "dns.ManagedZoneDnssecConfig",
  ],
  [
    { visibility: "private", "dnssecConfig.state": "on" },
    "dnssecConfig.state must be off where visibility is private",
    "/managedZones",
  ],
  [
    { "privateVisibilityConfig.networks": [{ networkUrl: "n" }] },
    "privateVisibilityConfig must be absent unless visibility is private",
    "/managedZones",
  ],
]);

describeRefusals(
  GCP_KINDS,
  RECORD_SET,
  { managedZone: "zone", name: "*.shop.acme.test.", type: "A", ttl: 300, rrdatas: ["192.0.2.1"] },
  [
    [{ managedZone: undefined }, "managedZone must be set", "dns.RecordSetArgs"],
    [{ name: "shop.acme.test" }, "name must be a domain with a dot at its end", "/resourceRecordSets"],
    [{ name: "shop.*.test." }, "name must be a domain with a dot", "/resourceRecordSets"],
    [{ type: "a" }, "type must be a record type of Cloud DNS", "/resourceRecordSets"],
    [{ ttl: -1 }, "ttl must be a whole number from 0", "/resourceRecordSets"],
    [{ ttl: 1.5 }, "ttl must be a whole number from 0", "/resourceRecordSets"],
    [{ rrdatas: undefined }, "rrdatas must be set, or routingPolicy", "/resourceRecordSets"],
    [{ rrdatas: [] }, "rrdatas must be 1 to 100 values", "/resourceRecordSets"],
    [{ "rrdatas[1]": "192.0.2.1" }, "rrdatas[1] must be the only one of its value", "/resourceRecordSets"],
    [
      { "routingPolicy.geos": [{ location: "europe-west1", rrdatas: ["192.0.2.1"] }] },
      "routingPolicy must be absent beside rrdatas",
      "/resourceRecordSets",
    ],
    [
      { rrdatas: undefined, "routingPolicy.enableGeoFencing": true },
      "routingPolicy.geos must be set, or wrrs",
      "/resourceRecordSets",
      "ttl",
    ],
  ],
);

describeAcceptance(
  GCP_KINDS,
  RECORD_SET,
  { managedZone: "zone", type: "A", ttl: 300, rrdatas: ["192.0.2.1"] },
  [{ name: "Shop.ACME.test." }, { name: "*.Shop.acme.test." }],
);

/** Data that Cloud DNS takes, and data that it doesn't, by type. */
const DATA: readonly (readonly [type: string, right: string, wrong: string])[] = [
  ["A", "192.0.2.1", "192.0.2.256"],
  ["AAAA", "2001:db8::1", "192.0.2.1"],
  ["CAA", '0 issue "letsencrypt.org; validationmethods=http-01"', "letsencrypt.org"],
  ["CAA", '1 issue "letsencrypt.org"', '256 issue "letsencrypt.org"'],
  ["CAA", '0 contactemail "ops@acme.test"', '0 isue "letsencrypt.org"'],
  ["CNAME", "edge.acme.test.", "edge.acme.test"],
  ["MX", "10 mail.acme.test.", "mail.acme.test."],
  ["NS", "ns-cloud-a1.googledomains.com.", "ns-cloud-a1.googledomains.com"],
  ["SRV", "0 5 443 a.acme.test.", "443 a.acme.test."],
  ["TXT", '"v=spf1 -all" "more"', "v=spf1 -all"],
  ["TXT", '"one"', `"${"x".repeat(256)}"`],
];
for (const [type, right, wrong] of DATA) {
  describeRefusals(
    GCP_KINDS,
    RECORD_SET,
    { managedZone: "zone", name: "shop.acme.test.", type, ttl: 300, rrdatas: [right] },
    [[{ rrdatas: [wrong] }, "rrdatas[0] must be ", FORMATS] satisfies Mistake],
  );
}

describeRefusals(
  GCP_KINDS,
  RECORD_SET,
  { managedZone: "zone", name: "shop.acme.test.", type: "CNAME", ttl: 300, rrdatas: ["edge.acme.test."] },
  [[{ "rrdatas[1]": "other.acme.test." }, "rrdatas must be one value for CNAME", FORMATS]],
);

describeRefusals(
  GCP_KINDS,
  "gcp:dns/managedZone:ManagedZone",
  { dnsName: "acme.test.", visibility: "private" },
  [
    [
      {
        forwardingConfig: { targetNameServers: [{ ipv4Address: "10.0.0.1" }] },
        peeringConfig: { targetNetwork: { networkUrl: "n" } },
      },
      "peeringConfig must be absent beside forwardingConfig",
      "/managedZones",
    ],
    [
      { "cloudLoggingConfig.enableLogging": true },
      "cloudLoggingConfig must be absent where visibility is private",
      "/managedZones",
    ],
  ],
);
