import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { ObjectShape, Shape, Shapes } from "../provider/shapes.ts";
import { FASTLY_KINDS } from "./fastly/kinds.ts";
import { FASTLY } from "./fastly/package.ts";
import { GCP, GCP_KINDS } from "./google/package.ts";
import { serviceAgent } from "./storage/service-agent.ts";
import { TestSession, urnOf } from "./test-session.ts";

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const MEMBER = "serviceAccount:robot-1@acme.iam.gserviceaccount.com";
const RING = "projects/acme/locations/europe-west1/keyRings/ring";
const MAP = "projects/acme/locations/global/certificateMaps/map";

/**
 * The least that each kind takes, and the id that the real provider gives it. What it refers to are the
 * other examples: by the names that they have here, or by `@TOKEN` where their id is not known.
 */
const EXAMPLES: Readonly<Record<string, readonly [inputs: Record<string, unknown>, id: string | RegExp]>> = {
  "fastly:index/domainV1:DomainV1": [{ fqdn: "shop.test" }, /^[A-Za-z0-9]{22}$/],
  "fastly:index/domainV1ServiceLink:DomainV1ServiceLink": [
    { domainId: "@fastly:index/domainV1:DomainV1", serviceId: "@fastly:index/serviceVcl:ServiceVcl" },
    /^[A-Za-z0-9]{22}$/,
  ],
  "fastly:index/serviceVcl:ServiceVcl": [
    {
      name: "edge",
      forceDestroy: true,
      domains: [{ name: "edge.test" }],
      backends: [{ name: "b", address: "203.0.113.1" }],
    },
    /^[A-Za-z0-9]{22}$/,
  ],
  "gcp:certificatemanager/certificate:Certificate": [
    { name: "c", managed: { domains: ["a.test"] } },
    "projects/acme/locations/global/certificates/c",
  ],
  "gcp:certificatemanager/certificateMap:CertificateMap": [{ name: "map" }, MAP],
  "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry": [
    {
      name: "e",
      map: "map",
      hostname: "a.test",
      certificates: ["projects/acme/locations/global/certificates/c"],
    },
    `${MAP}/certificateMapEntries/e`,
  ],
  "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": [
    { name: "d", domain: "a.test" },
    "projects/acme/locations/global/dnsAuthorizations/d",
  ],
  "gcp:artifactregistry/repository:Repository": [
    { repositoryId: "images", format: "DOCKER" },
    "projects/acme/locations/europe-west1/repositories/images",
  ],
  "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": [
    { repository: "images", role: "roles/artifactregistry.writer", member: MEMBER },
    `projects/acme/locations/europe-west1/repositories/images/roles/artifactregistry.writer/${MEMBER}`,
  ],
  "gcp:cloudfunctionsv2/function:Function": [
    {
      name: "hello",
      location: "europe-west1",
      buildConfig: {
        runtime: "nodejs24",
        source: { storageSource: { bucket: "acme-shop", object: "o" } },
        serviceAccount: "projects/acme/serviceAccounts/robot-1@acme.iam.gserviceaccount.com",
      },
      serviceConfig: { serviceAccountEmail: "robot-1@acme.iam.gserviceaccount.com" },
    },
    "projects/acme/locations/europe-west1/functions/hello",
  ],
  "gcp:cloudscheduler/job:Job": [
    { name: "nightly", schedule: "0 3 * * *", httpTarget: { uri: "https://a.test/" } },
    "projects/acme/locations/europe-west1/jobs/nightly",
  ],
  "gcp:cloudrunv2/service:Service": [
    {
      name: "api",
      location: "europe-west1",
      deletionProtection: false,
      template: {
        serviceAccount: "robot-1@acme.iam.gserviceaccount.com",
        containers: [
          {
            image: "scratch",
            baseImageUri: "base",
            commands: ["node"],
            args: ["index.js"],
            sourceCode: { cloudStorageSource: { bucket: "acme-shop", object: "o" } },
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
  "gcp:logging/metric:Metric": [{ name: "drops", filter: "severity>=ERROR" }, "drops"],
  "gcp:logging/projectSink:ProjectSink": [
    { name: "errors", destination: "pubsub.googleapis.com/projects/acme/topics/t" },
    "projects/acme/sinks/errors",
  ],
  "gcp:monitoring/alertPolicy:AlertPolicy": [
    {
      displayName: "d",
      combiner: "OR",
      conditions: [
        {
          displayName: "c",
          conditionThreshold: {
            filter: 'metric.type="run.googleapis.com/request_count" resource.type="cloud_run_revision"',
            comparison: "COMPARISON_GT",
            duration: "0s",
          },
        },
      ],
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
  "gcp:projects/service:Service": [
    { service: "redis.googleapis.com", disableOnDestroy: true },
    "acme/redis.googleapis.com",
  ],
  "gcp:projects/serviceIdentity:ServiceIdentity": [
    { service: "pubsub.googleapis.com" },
    "projects/acme/services/pubsub.googleapis.com",
  ],
  "gcp:pubsub/subscription:Subscription": [
    { name: "sub", topic: "projects/acme/topics/top" },
    "projects/acme/subscriptions/sub",
  ],
  "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember": [
    { subscription: "sub", role: "roles/pubsub.subscriber", member: MEMBER },
    `projects/acme/subscriptions/sub/roles/pubsub.subscriber/${MEMBER}`,
  ],
  "gcp:pubsub/topic:Topic": [{ name: "top" }, "projects/acme/topics/top"],
  "gcp:pubsub/topicIAMMember:TopicIAMMember": [
    { topic: "projects/acme/topics/top", role: "roles/pubsub.publisher", member: MEMBER },
    `projects/acme/topics/top/roles/pubsub.publisher/${MEMBER}`,
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
  "gcp:storage/notification:Notification": [
    { bucket: "acme-shop", topic: "projects/acme/topics/top", payloadFormat: "JSON_API_V1" },
    /^acme-shop\/notificationConfigs\/\d{6}$/,
  ],
  "gcp:storage/bucketObject:BucketObject": [{ bucket: "acme-shop", name: "o", content: "x" }, "acme-shop-o"],
};

/** What an example needs besides what it refers to. */
const BESIDE: Readonly<
  Record<string, readonly (readonly [type: string, inputs: Record<string, unknown>])[]>
> = {
  "gcp:cloudfunctionsv2/function:Function": [
    ["gcp:storage/bucketObject:BucketObject", { bucket: "acme-shop", name: "o", content: "x" }],
    ...["roles/storage.objectViewer", "roles/artifactregistry.writer", "roles/logging.logWriter"].map(
      (role) => ["gcp:projects/iAMMember:IAMMember", { project: "acme", role, member: MEMBER }] as const,
    ),
  ],
  "gcp:storage/notification:Notification": [
    [
      "gcp:projects/iAMMember:IAMMember",
      {
        project: "acme",
        role: "roles/pubsub.publisher",
        member: `serviceAccount:${serviceAgent("acme").email}`,
      },
    ],
  ],
};

const KINDS = new Map([...GCP_KINDS, ...FASTLY_KINDS].map((kind) => [kind.token, kind]));
const ASSET_SIGNATURE = { "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17" };

let sessions: Record<string, TestSession>;

beforeAll(async () => {
  sessions = {
    gcp: await TestSession.start(GCP),
    fastly: await TestSession.start(FASTLY),
  };
  await sessions.gcp?.configure({ "gcp:config:project": "acme", "gcp:config:region": "europe-west1" });
});

afterAll(async () => {
  for (const session of Object.values(sessions)) await session.stop();
});

test("every kind of the tables is written, and none besides", () => {
  const written = [...GCP_KINDS, ...FASTLY_KINDS].map(({ token }) => token).sort();
  expect(written).toEqual(Object.keys(EXAMPLES).sort());
  expect(written).toEqual(tabled("facts.json", (facts) => facts));
  expect(written).toEqual(tabled("shapes.generated.json", ({ resources }) => resources));
});

/** The kinds that the folders' tables of a name have. */
function tabled(file: string, kindsIn: (content: Record<string, object>) => object | undefined): string[] {
  return globSync(`*/${file}`, { cwd: import.meta.dirname })
    .flatMap((path) => {
      const content = JSON.parse(readFileSync(join(import.meta.dirname, path), "utf8"));
      return Object.keys(kindsIn(content) ?? {});
    })
    .sort();
}

function sessionOf(type: string): TestSession {
  const session = sessions[type.slice(0, type.indexOf(":"))];
  if (!session) throw new Error(`${type} has no session.`);
  return session;
}

/** Makes what an example refers to, and returns its inputs. */
async function prepare(type: string): Promise<Record<string, unknown>> {
  const ids: Record<string, string> = {};
  const inputs = EXAMPLES[type]?.[0] ?? {};
  const references = Object.values(KINDS.get(type)?.references ?? {}).flat();
  if (inputs.member === MEMBER) references.push("gcp:serviceaccount/account:Account");
  for (const needed of new Set(references)) {
    const { id } = await sessionOf(needed).make(urnOf(needed, "example"), await prepare(needed));
    ids[`@${needed}`] = id;
  }
  for (const [index, [needed, inputs]] of (BESIDE[type] ?? []).entries()) {
    await sessionOf(needed).make(urnOf(needed, `beside-${index}`), inputs);
  }
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [name, ids[String(value)] ?? value]),
  );
}

/** Takes everything out of the clouds but the enabled services. */
function clear(): void {
  sessionOf("gcp:storage/bucket:Bucket").storage.clear("acme-shop");
  for (const { token } of KINDS.values()) {
    if (token === "gcp:projects/service:Service") continue;
    const { resources } = sessionOf(token).kernel;
    for (const kind of [token, `${token} deleted`]) {
      for (const { id } of resources.list(kind)) resources.remove(kind, id);
    }
  }
}

describe.each(Object.entries(EXAMPLES))("%s", (type, [, id]) => {
  const urn = urnOf(type, "example");
  const kind = KINDS.get(type);
  if (!kind) throw new Error(`${type} has no kind.`);
  const { facts, shape, shapes } = kind;
  let session: TestSession;
  let news: Record<string, unknown>;

  beforeAll(async () => {
    session = sessionOf(type);
    news = await prepare(type);
  });

  afterAll(clear);

  for (const path of Object.keys(kind.references ?? {})) {
    test(`is not made with a ${path} that does not exist`, async () => {
      const { inputs } = await session.check(urn, withText(news, path, "absent"));
      await expect(session.create(urn, inputs)).rejects.toMatchObject({
        code: grpc.status.NOT_FOUND,
        details: expect.stringMatching(/Error 404: .* must name a .*; got "absent" \(https:\S+\)\.$/),
      });
    });
  }

  if (kind.services && kind.services.length > 0) {
    test("is not made before its service is enabled", async () => {
      const { inputs } = await session.check(urn, news);
      for (const service of kind.services ?? []) {
        session.kernel.resources.remove("gcp:projects/service:Service", `acme/${service}`);
        await expect(session.create(urn, inputs)).rejects.toMatchObject({
          code: grpc.status.PERMISSION_DENIED,
          details: expect.stringContaining(`${service} has not been used in project acme`),
        });
        session.enable(service);
      }
    });
  }

  test("previews, is made with every output that the SDK promises, and goes", async () => {
    const { inputs, failures } = await session.check(urn, news);
    expect(failures).toEqual([]);
    const preview = await session.create(urn, inputs, true);
    const made = await session.create(urn, inputs);
    if (typeof id === "string") expect(made.id).toBe(id);
    else expect(made.id).toMatch(id);

    expect(Object.keys(made.properties)).toEqual(expect.arrayContaining([...facts.computed]));
    expect(shape.outputs).toEqual(expect.arrayContaining(Object.keys(made.properties)));
    expect(JSON.stringify(made.properties)).not.toContain(UNKNOWN);
    for (const [name, value] of Object.entries(preview.properties)) {
      if (value !== UNKNOWN) expect([name, made.properties[name]]).toEqual([name, filled(value)]);
    }
    const read = await session.read(urn, made.id, inputs);
    expect(read).toEqual({ id: made.id, properties: made.properties, inputs });

    // What a second run, a refresh or an import finds is no change.
    const again = await session.check(urn, news, { olds: inputs, seed: "another" });
    expect(await session.diff(urn, inputs, again.inputs)).toMatchObject({ changed: false });
    expect(await session.diff(urn, read.inputs, again.inputs)).toMatchObject({ changed: false });
    const imported = await session.read(urn, made.id);
    expect(await session.diff(urn, imported.inputs, again.inputs)).toMatchObject({ changed: false });

    await session.delete(urn, made.id);
    expect((await session.read(urn, made.id)).id).toBe("");
  });

  test("is replaced for what its service never changes, and for nothing else", async () => {
    const all = (word: string) =>
      Object.fromEntries(
        Object.entries(shape.inputs.fields).map(([name, field]) => [name, sampleOf(field, word, shapes)]),
      );
    const { detail } = await session.diff(urn, all("one"), all("other"));
    expect(Object.keys(detail).length).toBeGreaterThan(0);
    for (const [path, change] of Object.entries(detail)) {
      const tablePath = path.replace(/\[\d+\]/g, "[]");
      const replaces = facts.replaceOnChange.some(
        (tabled) => tablePath === tabled || [".", "["].some((next) => tablePath.startsWith(tabled + next)),
      );
      expect([path, change]).toEqual([path, replaces ? "UPDATE_REPLACE" : "UPDATE"]);
    }
    expect(facts.replaceOnChange.filter((path) => !isDeclared(shape.inputs, path, shapes))).toEqual([]);
  });
});

/** What is not known within a value may turn out to be anything. */
function filled(value: unknown): unknown {
  if (value === UNKNOWN) return expect.anything();
  if (Array.isArray(value)) return value.map(filled);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, filled(inner)]));
}

/** Some value of a shape, another for each word. */
function sampleOf(shape: Shape, word: string, shapes: Shapes): unknown {
  if (shape === "string" || shape === "any") return word;
  if (shape === "number") return word.length;
  if (shape === "boolean") return word === "one";
  if (shape === "asset") return { ...ASSET_SIGNATURE, text: word, hash: word };
  if (typeof shape === "string") {
    const fields = Object.entries(shapes.objects[shape.slice(1)]?.fields ?? {});
    return Object.fromEntries(fields.map(([name, field]) => [name, sampleOf(field, word, shapes)]));
  }
  if ("oneOf" in shape) return shape.oneOf[word === "one" ? 0 : 1] ?? shape.oneOf[0];
  if ("list" in shape) return [sampleOf(shape.list, word, shapes)];
  return { key: sampleOf(shape.map, word, shapes) };
}

/** Whether the SDK declares a field at a path of the tables. */
function isDeclared(shape: ObjectShape, path: string, shapes: Shapes): boolean {
  let field: Shape | undefined = { map: "any" };
  let fields: ObjectShape["fields"] | undefined = shape.fields;
  for (const segment of path.split(/\.|(?=\[\])/)) {
    if (segment === "[]") field = typeof field === "object" && "list" in field ? field.list : undefined;
    else field = fields?.[segment];
    fields = typeof field === "string" ? shapes.objects[field.slice(1)]?.fields : undefined;
  }
  return field !== undefined;
}

/** The same with a text at a path of rules, in the first element of each list on the way. */
function withText(holder: unknown, path: string, text: string): Record<string, unknown> {
  const put = (value: unknown, segments: readonly string[]): unknown => {
    const [first, ...rest] = segments;
    if (first === undefined) return text;
    if (first === "[]") return [put(Array.isArray(value) ? value[0] : undefined, rest)];
    const object = typeof value === "object" && value !== null ? value : {};
    return { ...object, [first]: put((object as Record<string, unknown>)[first], rest) };
  };
  return put(holder, path.split(/\.|(?=\[\])/)) as Record<string, unknown>;
}
