import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { GCP } from "../services/google/package.ts";
import { TestSession, urnOf } from "../services/testing/session.ts";

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const secret = (value: unknown) => ({ [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270", value });

const SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";
const SERVICE = "gcp:cloudrunv2/service:Service";
const VERSION = "gcp:secretmanager/secretVersion:SecretVersion";
const GRANT = "gcp:pubsub/topicIAMMember:TopicIAMMember";
const orders = urnOf("gcp:pubsub/topic:Topic", "orders");

let session: TestSession;

beforeAll(async () => {
  session = await TestSession.start(GCP);
});

beforeEach(() => session.configure({ "gcp:config:project": "acme", "gcp:config:region": "europe-west1" }));

afterAll(() => session.stop());

test("names a resource by its seed, keeps that name later, and takes the project from the provider", async () => {
  const { inputs } = await session.check(orders, {}, { seed: "a" });
  expect(inputs).toEqual({ name: expect.stringMatching(/^orders-[0-9a-f]{7}$/), project: "acme" });
  expect((await session.check(orders, {}, { seed: "a" })).inputs).toEqual(inputs);
  expect((await session.check(orders, {}, { seed: "b" })).inputs).not.toEqual(inputs);
  const later = await session.check(orders, { labels: { team: "x" } }, { olds: inputs, seed: "b" });
  expect(later.inputs.name).toBe(inputs.name);
});

test("refuses a name that the service would find too long", async () => {
  const urn = urnOf("gcp:serviceaccount/account:Account", "a-name-of-twenty-three-c");
  expect((await session.check(urn, {})).failures).toEqual([
    { property: "accountId", reason: expect.stringContaining("at most 30 characters") },
  ]);
});

test("asks for a project when neither the resource nor the provider has one", async () => {
  await session.configure({});
  expect((await session.check(orders, {})).failures).toEqual([
    {
      property: "project",
      reason: expect.stringMatching(
        /^project must be set, on the resource or as gcp:project; got nothing \(https:\S+\)\.$/,
      ),
    },
  ]);
});

test("reports all mistakes of a resource at once, each with path, rule, value and source", async () => {
  const { failures } = await session.check(urnOf(SERVICE, "api"), {
    location: "europe-west1",
    ingress: "ANY",
    template: {
      timeout: "7200s",
      maxInstanceRequestConcurrency: 2000,
      serviceAccount: "api@acme.iam.gserviceaccount.com",
      scaling: { minInstanceCount: 3, maxInstanceCount: 2 },
      surprise: true,
      containers: [
        {
          image: "scratch",
          envs: [
            { name: "PORT", value: "1" },
            { name: "A", value: "1" },
            { name: "A", value: secret("hidden") },
            { name: "B", value: 7 },
            { value: "nameless" },
          ],
        },
      ],
    },
  });
  expect(Object.fromEntries(failures.map(({ property, reason }) => [property, reason]))).toEqual({
    "template.surprise": expect.stringContaining("must be one of the fields annotations,"),
    "template.containers[0].envs[3].value":
      "template.containers[0].envs[B].value must be a string; got 7 (@pulumi/gcp 9.37: cloudrunv2.ServiceTemplateContainerEnv).",
    "template.containers[0].envs[4].name": expect.stringMatching(/name must be set; got nothing \(@pulumi/),
    "template.containers[0].baseImageUri": expect.stringContaining("must be set"),
    ingress: expect.stringMatching(/must be one of INGRESS_TRAFFIC_ALL.*got "ANY" \(@pulumi.*\)\.$/),
    "template.timeout": expect.stringMatching(/"1s" to "3600s".*got "7200s" \(https:\S+\)\.$/),
    "template.maxInstanceRequestConcurrency": expect.stringMatching(/1 to 1000.*got 2000 \(https:\S+\)\.$/),
    "template.scaling.minInstanceCount": expect.stringMatching(
      /at most maxInstanceCount, 2; got 3 \(https:\S+\)\.$/,
    ),
    "template.containers[0].sourceCode": expect.stringContaining("must be set"),
    "template.containers[0].envs[0].name": expect.stringMatching(
      /Cloud Run sets itself; got "PORT" \(https:\S+#reserved\)\.$/,
    ),
    "template.containers[0].envs[2].name": expect.stringMatching(
      /the only one of its value in the list; got "A"/,
    ),
  });
});

test.each<[string, string, Record<string, unknown>, string]>([
  [
    "a condition that the local IAM does not evaluate",
    GRANT,
    {
      topic: "t",
      role: "roles/pubsub.publisher",
      member: "user:a@b.test",
      condition: { title: "t", expression: 'request.time < timestamp("2030-01-01T00:00:00Z")' },
    },
    "condition.expression",
  ],
  [
    "an image, which the local Cloud Run does not start",
    SERVICE,
    {
      location: "europe-west1",
      template: {
        serviceAccount: "api@acme.iam.gserviceaccount.com",
        containers: [{ image: `europe-docker.pkg.dev/p/i/api@sha256:${"0".repeat(64)}` }],
      },
    },
    "template.containers[0].sourceCode",
  ],
  ["a bucket in capitals", "gcp:storage/bucket:Bucket", { name: "Shop", location: "EU" }, "name"],
  [
    "a filter, which the local Pub/Sub lacks",
    SUBSCRIPTION,
    { topic: "top", filter: "attributes:a" },
    "filter",
  ],
])("refuses %s", async (_, type, inputs, property) => {
  const { failures } = await session.check(urnOf(type, "thing"), inputs);
  expect(failures).toMatchObject([{ property }]);
});

test("lets what is not known yet pass, within lists too", async () => {
  const { failures } = await session.check(urnOf(SUBSCRIPTION, "s"), {
    topic: UNKNOWN,
    ackDeadlineSeconds: UNKNOWN,
    pushConfig: { pushEndpoint: UNKNOWN, oidcToken: UNKNOWN },
  });
  expect(failures).toEqual([]);
});

test("keeps a secret secret, and never shows it in a refusal", async () => {
  const urn = urnOf(VERSION, "v");
  const { inputs } = await session.check(urn, { secret: "projects/acme/secrets/s", secretData: "open" });
  expect(inputs.secretData).toEqual(secret("open"));
  const { failures } = await session.check(urn, {
    secret: "projects/acme/secrets/s",
    secretData: secret(["list"]),
  });
  expect(failures).toMatchObject([
    { reason: expect.stringMatching(/^secretData must be a string; got \[secret\] \(/) },
  ]);
  const within = await session.check(urnOf(SUBSCRIPTION, "s"), {
    topic: "top",
    pushConfig: secret({ pushEndpoint: "http://key:hidden@a.test" }),
  });
  expect(within.failures).toMatchObject([
    { reason: expect.stringMatching(/an https URL; got \[secret\] \(/) },
  ]);
});
