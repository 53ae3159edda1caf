import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { FACTS } from "./facts.ts";
import { FASTLY_KINDS } from "./fastly/kinds.ts";
import { GCP_KINDS } from "./gcp/kinds.ts";
import { SHAPES } from "./shapes.ts";
import { TestSession, urnOf } from "./test-session.ts";

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const MEMBER = "serviceAccount:robot@acme.iam.gserviceaccount.com";
const RING = "projects/acme/locations/europe-west1/keyRings/ring";
const MAP = "projects/acme/locations/global/certificateMaps/map";

/** The least that each kind takes, and the id that the real provider gives it. */
const EXAMPLES: Readonly<Record<string, readonly [inputs: Record<string, unknown>, id: string | RegExp]>> = {
  "fastly:index/domainV1:DomainV1": [{ fqdn: "shop.test" }, /^[A-Za-z0-9]{22}$/],
  "fastly:index/domainV1ServiceLink:DomainV1ServiceLink": [{ domainId: "d", serviceId: "s" }, "d"],
  "fastly:index/serviceVcl:ServiceVcl": [
    { name: "edge", forceDestroy: true, backends: [{ name: "b", address: "203.0.113.1" }] },
    /^[A-Za-z0-9]{22}$/,
  ],
  "gcp:certificatemanager/certificate:Certificate": [
    { name: "c", managed: { domains: ["a.test"] } },
    "projects/acme/locations/global/certificates/c",
  ],
  "gcp:certificatemanager/certificateMap:CertificateMap": [{ name: "map" }, MAP],
  "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry": [
    { name: "e", map: "map", hostname: "a.test", certificates: ["c"] },
    `${MAP}/certificateMapEntries/e`,
  ],
  "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": [
    { name: "d", domain: "a.test" },
    "projects/acme/locations/global/dnsAuthorizations/d",
  ],
  "gcp:cloudrunv2/service:Service": [
    {
      name: "api",
      location: "europe-west1",
      deletionProtection: false,
      template: {
        serviceAccount: "robot@acme.iam.gserviceaccount.com",
        containers: [
          {
            image: "scratch",
            baseImageUri: "base",
            commands: ["node"],
            args: ["index.js"],
            sourceCode: { cloudStorageSource: { bucket: "b", object: "o" } },
          },
        ],
      },
    },
    "projects/acme/locations/europe-west1/services/api",
  ],
  "gcp:cloudrunv2/serviceIamMember:ServiceIamMember": [
    { name: "api", location: "europe-west1", role: "roles/run.invoker", member: "allUsers" },
    "projects/acme/locations/europe-west1/services/api/roles/run.invoker/allUsers",
  ],
  "gcp:compute/backendService:BackendService": [
    { name: "b", loadBalancingScheme: "EXTERNAL_MANAGED" },
    "projects/acme/global/backendServices/b",
  ],
  "gcp:compute/globalAddress:GlobalAddress": [{ name: "a" }, "projects/acme/global/addresses/a"],
  "gcp:compute/globalForwardingRule:GlobalForwardingRule": [
    { name: "f", target: "t", portRange: "443", loadBalancingScheme: "EXTERNAL_MANAGED" },
    "projects/acme/global/forwardingRules/f",
  ],
  "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup": [
    { name: "n", cloudRun: { service: "api" } },
    "projects/acme/regions/europe-west1/networkEndpointGroups/n",
  ],
  "gcp:compute/sSLPolicy:SSLPolicy": [{ name: "s" }, "projects/acme/global/sslPolicies/s"],
  "gcp:compute/securityPolicy:SecurityPolicy": [{ name: "p" }, "projects/acme/global/securityPolicies/p"],
  "gcp:compute/targetHttpProxy:TargetHttpProxy": [
    { name: "t", urlMap: "m" },
    "projects/acme/global/targetHttpProxies/t",
  ],
  "gcp:compute/targetHttpsProxy:TargetHttpsProxy": [
    { name: "t", urlMap: "m", certificateMap: `//certificatemanager.googleapis.com/${MAP}` },
    "projects/acme/global/targetHttpsProxies/t",
  ],
  "gcp:compute/uRLMap:URLMap": [{ name: "m", defaultService: "b" }, "projects/acme/global/urlMaps/m"],
  "gcp:dns/managedZone:ManagedZone": [{ name: "z", dnsName: "a.test." }, "projects/acme/managedZones/z"],
  "gcp:dns/recordSet:RecordSet": [
    { name: "a.test.", type: "A", managedZone: "z", ttl: 60, rrdatas: ["203.0.113.1"] },
    "projects/acme/managedZones/z/rrsets/a.test./A",
  ],
  "gcp:kms/cryptoKey:CryptoKey": [{ name: "key", keyRing: RING }, `${RING}/cryptoKeys/key`],
  "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": [
    { cryptoKeyId: `${RING}/cryptoKeys/key`, role: "roles/cloudkms.cryptoKeyEncrypter", member: MEMBER },
    `${RING}/cryptoKeys/key/roles/cloudkms.cryptoKeyEncrypter/${MEMBER}`,
  ],
  "gcp:kms/keyRing:KeyRing": [{ name: "ring", location: "europe-west1" }, RING],
  "gcp:monitoring/alertPolicy:AlertPolicy": [
    {
      displayName: "d",
      combiner: "OR",
      conditions: [{ displayName: "c", conditionPrometheusQueryLanguage: { query: "up" } }],
    },
    /^projects\/acme\/alertPolicies\/\d{19}$/,
  ],
  "gcp:monitoring/notificationChannel:NotificationChannel": [
    { type: "email", labels: { email_address: "a@b.test" } },
    /^projects\/acme\/notificationChannels\/\d{19}$/,
  ],
  "gcp:projects/iAMMember:IAMMember": [
    { project: "acme", role: "roles/pubsub.publisher", member: MEMBER },
    `acme/roles/pubsub.publisher/${MEMBER}`,
  ],
  "gcp:projects/service:Service": [{ service: "run.googleapis.com" }, "acme/run.googleapis.com"],
  "gcp:projects/serviceIdentity:ServiceIdentity": [
    { service: "pubsub.googleapis.com" },
    "projects/acme/services/pubsub.googleapis.com",
  ],
  "gcp:pubsub/subscription:Subscription": [
    { name: "sub", topic: "projects/acme/topics/t" },
    "projects/acme/subscriptions/sub",
  ],
  "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember": [
    { subscription: "s", role: "roles/pubsub.subscriber", member: MEMBER },
    `projects/acme/subscriptions/s/roles/pubsub.subscriber/${MEMBER}`,
  ],
  "gcp:pubsub/topic:Topic": [{ name: "top" }, "projects/acme/topics/top"],
  "gcp:pubsub/topicIAMMember:TopicIAMMember": [
    { topic: "projects/acme/topics/t", role: "roles/pubsub.publisher", member: MEMBER },
    `projects/acme/topics/t/roles/pubsub.publisher/${MEMBER}`,
  ],
  "gcp:secretmanager/secret:Secret": [
    { secretId: "s", replication: { auto: {} } },
    "projects/acme/secrets/s",
  ],
  "gcp:secretmanager/secretIamMember:SecretIamMember": [
    { secretId: "s", role: "roles/secretmanager.secretAccessor", member: MEMBER },
    `projects/acme/secrets/s/roles/secretmanager.secretAccessor/${MEMBER}`,
  ],
  "gcp:secretmanager/secretVersion:SecretVersion": [
    { secret: "projects/acme/secrets/s", secretData: "x" },
    "projects/acme/secrets/s/versions/1",
  ],
  "gcp:serviceaccount/account:Account": [
    { accountId: "robot-1" },
    "projects/acme/serviceAccounts/robot-1@acme.iam.gserviceaccount.com",
  ],
  "gcp:serviceaccount/iAMMember:IAMMember": [
    {
      serviceAccountId: "projects/acme/serviceAccounts/robot-1@acme.iam.gserviceaccount.com",
      role: "roles/iam.serviceAccountTokenCreator",
      member: MEMBER,
    },
    `projects/acme/serviceAccounts/robot-1@acme.iam.gserviceaccount.com/roles/iam.serviceAccountTokenCreator/${MEMBER}`,
  ],
  "gcp:storage/bucket:Bucket": [{ name: "acme-shop", location: "EU" }, "acme-shop"],
  "gcp:storage/bucketIAMMember:BucketIAMMember": [
    { bucket: "acme-shop", role: "roles/storage.objectViewer", member: MEMBER },
    `b/acme-shop/roles/storage.objectViewer/${MEMBER}`,
  ],
  "gcp:storage/bucketObject:BucketObject": [{ bucket: "acme-code", name: "o", content: "x" }, "acme-code-o"],
};

let sessions: Record<string, TestSession>;

beforeAll(async () => {
  sessions = {
    gcp: await TestSession.start("gcp", GCP_KINDS),
    fastly: await TestSession.start("fastly", FASTLY_KINDS),
  };
  await sessions.gcp?.configure({ "gcp:config:project": "acme", "gcp:config:region": "europe-west1" });
  await sessions.gcp?.make(urnOf("gcp:storage/bucket:Bucket", "of-objects"), {
    name: "acme-code",
    location: "EU",
  });
});

afterAll(async () => {
  for (const session of Object.values(sessions)) await session.stop();
});

test("every kind of the tables is written, and none besides", () => {
  const written = [...GCP_KINDS, ...FASTLY_KINDS].map(({ token }) => token).sort();
  expect(written).toEqual(Object.keys(FACTS).sort());
  expect(written).toEqual(Object.keys(EXAMPLES).sort());
  expect(written).toEqual(Object.keys(SHAPES.resources).sort());
});

describe.each(Object.entries(EXAMPLES))("%s", (type, [news, id]) => {
  const urn = urnOf(type, "example");
  const facts = FACTS[type];

  test("previews, is made with every output that the SDK promises, and goes", async () => {
    const session = sessions[type.split(":")[0] ?? ""];
    if (!session || !facts) throw new Error(`${type} has no session or no facts.`);
    const { inputs, failures } = await session.check(urn, news);
    expect(failures).toEqual([]);
    const preview = await session.create(urn, inputs, true);
    const made = await session.create(urn, inputs);
    if (typeof id === "string") expect(made.id).toBe(id);
    else expect(made.id).toMatch(id);

    expect(Object.keys(made.properties)).toEqual(expect.arrayContaining([...facts.computed]));
    expect(SHAPES.resources[type]?.outputs).toEqual(expect.arrayContaining(Object.keys(made.properties)));
    expect(JSON.stringify(made.properties)).not.toContain(UNKNOWN);
    for (const [name, value] of Object.entries(preview.properties)) {
      if (value !== UNKNOWN) expect([name, value]).toEqual([name, made.properties[name]]);
    }
    const read = await session.read(urn, made.id, inputs);
    expect(read).toEqual({ id: made.id, properties: made.properties, inputs });
    expect((await session.diff(urn, read.inputs, inputs)).changed).toBe(false);

    await session.delete(urn, made.id);
    expect((await session.read(urn, made.id)).id).toBe("");
  });
});
