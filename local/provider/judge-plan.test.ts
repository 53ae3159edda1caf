import { expect, test } from "@jest/globals";
import { type Properties, Secret, UNKNOWN } from "../../review/rules/values.ts";
import { FASTLY } from "../services/fastly/package.ts";
import { GCP } from "../services/google/package.ts";
import { from, judged, urnOf, type Wanted, withoutSource } from "../services/testing/planned.ts";
import { Provider } from "./provider.ts";

const SERVICE = "gcp:projects/service:Service";
const TOPIC = "gcp:pubsub/topic:Topic";
const SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";
const TOPIC_GRANT = "gcp:pubsub/topicIAMMember:TopicIAMMember";
const ACCOUNT = "gcp:serviceaccount/account:Account";
const BUCKET_GRANT = "gcp:storage/bucketIAMMember:BucketIAMMember";
const ZONE = "gcp:dns/managedZone:ManagedZone";
const RECORD = "gcp:dns/recordSet:RecordSet";
const GROUP = "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup";
const BACKEND = "gcp:compute/backendService:BackendService";
const MAP = "gcp:compute/uRLMap:URLMap";
const PROXY = "gcp:compute/targetHttpProxy:TargetHttpProxy";
const SECURE_PROXY = "gcp:compute/targetHttpsProxy:TargetHttpsProxy";
const RULE = "gcp:compute/globalForwardingRule:GlobalForwardingRule";
const CERTIFICATE_MAP = "gcp:certificatemanager/certificateMap:CertificateMap";
const ENTRY = "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry";
const AUTHORIZATION = "gcp:certificatemanager/dnsAuthorization:DnsAuthorization";
const CERTIFICATE = "gcp:certificatemanager/certificate:Certificate";
const KEY_RING = "gcp:kms/keyRing:KeyRing";
const KEY = "gcp:kms/cryptoKey:CryptoKey";
const KEY_GRANT = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember";
const FASTLY_DOMAIN = "fastly:index/domainV1:DomainV1";

const SERVICES = ["certificatemanager", "cloudkms", "compute", "dns", "iam", "pubsub"].map(
  (name): Wanted => [SERVICE, name, { service: `${name}.googleapis.com` }],
);
const MANAGED = { loadBalancingScheme: "EXTERNAL_MANAGED" };
const nobody = "serviceAccount:nobody@acme.iam.gserviceaccount.com";
const publisher = { topic: "orders", role: "roles/pubsub.publisher" };
const orders: Wanted = [TOPIC, "orders", { name: "orders" }];
const zone: Wanted = [ZONE, "zone", { name: "zone", dnsName: "acme.test." }];
const record: Properties = {
  managedZone: "zone",
  name: "shop.acme.test.",
  type: "A",
  ttl: 60,
  rrdatas: [UNKNOWN],
};
const group: Wanted = [GROUP, "group", { name: "group", cloudRun: { service: "api" } }];
/** As a program makes one of resources that it makes too: what they are called is told later. */
const frontEnd: readonly Wanted[] = [
  [BACKEND, "backend", { name: "backend", ...MANAGED }],
  [MAP, "map", { name: "map", defaultService: UNKNOWN }, from("defaultService", BACKEND, "backend")],
  [PROXY, "proxy", { name: "proxy", urlMap: UNKNOWN }, from("urlMap", MAP, "map")],
];
const rule: Properties = { name: "rule", portRange: "80", ipAddress: UNKNOWN, target: UNKNOWN, ...MANAGED };
const toProxy = from("target", PROXY, "proxy");

test.each<[string, readonly Wanted[], readonly string[]]>([
  [
    "a kind whose service nothing enables",
    [[TOPIC, "orders", {}]],
    [
      `orders: pubsub.googleapis.com has not been used in project acme before or it is disabled, SERVICE_DISABLED. "${urnOf(TOPIC, "orders")}" must depend on a gcp:projects/service:Service that enables it`,
    ],
  ],
  [
    "names of what nothing makes",
    [
      ...SERVICES,
      [SUBSCRIPTION, "read", { topic: "projects/acme/topics/lost" }],
      [KEY, "key", { name: "key", keyRing: "projects/acme/locations/europe-west1/keyRings/lost" }],
      [RECORD, "shop", { ...record, managedZone: "lost" }],
    ],
    [
      `read: topic must name a ${TOPIC} that exists; got "projects/acme/topics/lost"`,
      `key: keyRing must name a ${KEY_RING} that exists; got "projects/acme/locations/europe-west1/keyRings/lost"`,
      `shop: managedZone must name a ${ZONE} that exists; got "lost"`,
    ],
  ],
  [
    "grants to an account that nothing makes",
    [
      ...SERVICES,
      orders,
      [TOPIC_GRANT, "publish", { ...publisher, member: nobody }],
      [BUCKET_GRANT, "read", { bucket: "b", role: "roles/storage.objectViewer", member: nobody }],
    ],
    [
      `publish: member must be a service account that exists; got "${nobody}"`,
      `read: member must be a service account that exists; got "${nobody}"`,
    ],
  ],
  [
    "two of one name",
    [...SERVICES, zone, [RECORD, "shop", record], [RECORD, "api", record]],
    [
      'api: must have a name of its own: "shop" is projects/acme/managedZones/zone/rrsets/shop.acme.test./A too',
    ],
  ],
  [
    "a record out of its zone",
    [...SERVICES, zone, [RECORD, "shop", { ...record, name: "shop.other.test." }]],
    ['shop: name must be in the zone, acme.test.; got "shop.other.test."'],
  ],
  [
    "two entries of a certificate map for one host",
    [
      ...SERVICES,
      [CERTIFICATE_MAP, "map", { name: "map" }],
      [ENTRY, "shop", { map: "map", name: "shop", hostname: "acme.test", certificates: [UNKNOWN] }],
      [ENTRY, "api", { map: "map", name: "api", hostname: "acme.test", certificates: [UNKNOWN] }],
    ],
    [
      'shop: hostname must be in one entry of its map only, and projects/acme/locations/global/certificateMaps/map/certificateMapEntries/api has it; got "acme.test"',
      'api: hostname must be in one entry of its map only, and projects/acme/locations/global/certificateMaps/map/certificateMapEntries/shop has it; got "acme.test"',
    ],
  ],
  [
    "a certificate for a domain that none of its authorizations is for",
    [
      ...SERVICES,
      [AUTHORIZATION, "shop", { name: "shop", domain: "shop.acme.test" }],
      [
        CERTIFICATE,
        "shop",
        { name: "shop", managed: { domains: ["api.acme.test"], dnsAuthorizations: [UNKNOWN] } },
        from("managed", AUTHORIZATION, "shop"),
      ],
    ],
    [
      'shop: managed.domains[0] must have a DNS authorization of its own among dnsAuthorizations; got "api.acme.test"',
    ],
  ],
  [
    "a timeout over a serverless group",
    [
      ...SERVICES,
      group,
      [
        BACKEND,
        "backend",
        { name: "backend", timeoutSec: 60, healthChecks: "check", backends: [{ group: UNKNOWN }] },
        from("backends", GROUP, "group"),
      ],
    ],
    [
      "backend: timeoutSec must be absent where a backend is serverless; got 60",
      'backend: healthChecks must be absent where a backend is serverless; got "check"',
    ],
  ],
  [
    "a forwarding rule of another scheme than the services behind it",
    [...SERVICES, ...frontEnd, [RULE, "rule", { ...rule, loadBalancingScheme: "EXTERNAL" }, toProxy]],
    [
      'rule: loadBalancingScheme must be that of projects/acme/global/backendServices/backend, EXTERNAL_MANAGED; got "EXTERNAL"',
    ],
  ],
  [
    "a map that redirects to HTTPS behind an HTTPS proxy",
    [
      ...SERVICES,
      [MAP, "map", { name: "map", defaultUrlRedirect: { httpsRedirect: true, stripQuery: false } }],
      [
        SECURE_PROXY,
        "proxy",
        { name: "proxy", urlMap: UNKNOWN, certificateMap: UNKNOWN },
        from("urlMap", MAP, "map"),
      ],
    ],
    [
      'proxy: urlMap must be a map without defaultUrlRedirect.httpsRedirect, for HTTP alone; got "projects/acme/global/urlMaps/map"',
    ],
  ],
])("A plan must not have %s", (_, wanted, mistakes) => {
  expect(judged(gcp(), wanted).map(withoutSource)).toEqual(mistakes);
});

test("A domain is in one Fastly service", () => {
  const wanted = ["shop", "api"].map((name): Wanted => [FASTLY_DOMAIN, name, { fqdn: "acme.test" }]);
  expect(judged(Provider.offline(FASTLY, false), wanted)).toEqual([
    expect.stringContaining(
      `shop: fqdn must be a domain that is not taken, as it is by ${urnOf(FASTLY_DOMAIN, "api")}`,
    ),
    expect.stringContaining(
      `api: fqdn must be a domain that is not taken, as it is by ${urnOf(FASTLY_DOMAIN, "shop")}`,
    ),
  ]);
});

test.each<[string, readonly Wanted[]]>([
  ["what fits together", [...SERVICES, zone, ...frontEnd, [RULE, "rule", rule, toProxy]]],
  [
    "accounts that the program makes, by address or by name",
    [
      ...SERVICES,
      orders,
      [ACCOUNT, "nobody", { accountId: "nobody" }],
      [TOPIC_GRANT, "publish", { ...publisher, member: nobody }],
    ],
  ],
  [
    "ids that hang on each other",
    [
      ...SERVICES,
      [KEY_RING, "ring", { name: "ring", location: "europe-west1" }],
      [KEY, "key", { name: "key", keyRing: UNKNOWN }, from("keyRing", KEY_RING, "ring")],
      [
        KEY_GRANT,
        "encrypt",
        { cryptoKeyId: UNKNOWN, role: "roles/cloudkms.cryptoKeyEncrypter", member: "group:g@acme.test" },
        from("cryptoKeyId", KEY, "key"),
      ],
    ],
  ],
  [
    "what is another project's, or anybody's",
    [
      ...SERVICES,
      [SUBSCRIPTION, "read", { topic: "projects/other/topics/theirs" }],
      [TOPIC, "theirs", { name: "theirs", project: "other" }],
      orders,
      [TOPIC_GRANT, "guest", { ...publisher, member: "serviceAccount:guest@other.iam.gserviceaccount.com" }],
      [
        BUCKET_GRANT,
        "read",
        { bucket: "b", role: "roles/storage.objectViewer", member: "group:g@acme.test" },
      ],
    ],
  ],
  [
    "what has no name before it is made, so that it must have been there",
    [...SERVICES, ...frontEnd, [RULE, "rule", { ...rule, ipAddress: "198.51.100.7" }, toProxy]],
  ],
  [
    "what is not known yet, and what might be one of it",
    [
      ...SERVICES,
      [TOPIC, "later", { name: UNKNOWN }],
      [SUBSCRIPTION, "read", { topic: "projects/acme/topics/later" }],
      [RECORD, "a", { ...record, managedZone: UNKNOWN }],
      [BACKEND, "backend", { name: "backend", timeoutSec: 60, backends: [{ group: UNKNOWN }] }],
    ],
  ],
  [
    "what is there, and what Check has refused already",
    [
      ...SERVICES,
      [TOPIC, "theirs", {}, { standing: "there", id: "projects/acme/topics/theirs" }],
      [SUBSCRIPTION, "read", { topic: "projects/acme/topics/theirs" }],
      [ZONE, "zone", {}, { standing: "refused" }],
      [RECORD, "shop", record],
    ],
  ],
  [
    "a grant twice",
    [
      ...SERVICES,
      orders,
      [TOPIC_GRANT, "one", { ...publisher, member: "group:g@acme.test" }],
      [TOPIC_GRANT, "two", { ...publisher, member: "group:g@acme.test" }],
    ],
  ],
])("A plan may have %s", (_, wanted) => {
  expect(judged(gcp(), wanted)).toEqual([]);
});

test("A bucket that nothing makes is a mistake where all buckets are the local cloud's", () => {
  const read = { bucket: "lost", role: "roles/storage.objectViewer", member: "group:g@acme.test" };
  const provider = Provider.offline(GCP, true);
  expect(judged(provider, [[BUCKET_GRANT, "read", read]])).toEqual([
    expect.stringContaining('read: bucket must name a gcp:storage/bucket:Bucket that exists; got "lost"'),
  ]);
});

test("A mistake does not show a secret", () => {
  const topic = new Secret("projects/acme/topics/hush");
  expect(judged(gcp(), [...SERVICES, [SUBSCRIPTION, "read", { topic }]])).toEqual([
    expect.stringContaining("that exists; got [secret] ("),
  ]);
});

function gcp(): Provider {
  const provider = Provider.offline(GCP, false);
  provider.configure({ project: "acme", region: "europe-west1" });
  return provider;
}
