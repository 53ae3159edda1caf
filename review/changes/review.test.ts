import { expect, test } from "@jest/globals";
import type { Holding } from "../losses.ts";
import { UNKNOWN } from "../preview/stack-preview.ts";
import { previewOf, type StepOf, urnOf } from "../testing/preview-of.ts";
import { reviewOf } from "./review.ts";

const BUCKET = "gcp:storage/bucket:Bucket";
const GRANT = "gcp:storage/bucketIAMMember:BucketIAMMember";
const TOPIC = "gcp:pubsub/topic:Topic";
const SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";
const SERVICE = "gcp:cloudrunv2/service:Service";
const OBJECT = "gcp:storage/bucketObject:BucketObject";
const ACCOUNT = "gcp:serviceaccount/account:Account";
const EDGE = "fastly:index/serviceVcl:ServiceVcl";
const HOLDINGS: Readonly<Record<string, Holding>> = { [BUCKET]: "data", [SUBSCRIPTION]: "data" };
const holdingOf = (type: string) => HOLDINGS[type];

const review = (steps: readonly StepOf[], stack = "prod") =>
  reviewOf([previewOf(steps, { stack })], { holdingOf });
const sentences = (steps: readonly StepOf[]) =>
  review(steps).mustRead.flatMap(({ kind, sentence, more }) => [
    `${kind}: ${sentence}`,
    ...more.map((each) => `${each.kind}: ${each.sentence}`),
  ]);
const update = (type: string, before: object, after: object, more: Partial<StepOf> = {}): StepOf => ({
  op: "update",
  type,
  name: "it",
  before,
  after,
  ...more,
});
const from = (input: string, type: string, name: string) => ({
  dependencies: [urnOf(type, name)],
  propertyDependencies: { [input]: [urnOf(type, name)] },
});

test("a replacement is one change with its cause, though the engine takes three steps (pulumi#8185, #7161)", () => {
  const inputs = [{ location: "EU" }, { location: "US" }] as const;
  const [before, after] = inputs;
  const { stacks, mustRead } = review([
    { op: "create-replacement", type: BUCKET, name: "backups", before, after, replaceReasons: ["location"] },
    { op: "replace", type: BUCKET, name: "backups", before, after, replaceReasons: ["location"] },
    { op: "delete-replaced", type: BUCKET, name: "backups", before, after: undefined as never },
  ]);
  expect(stacks[0]?.counts).toEqual({ create: 0, update: 0, replace: 1, delete: 0 });
  expect(mustRead.map(({ sentence }) => sentence)).toEqual([
    'Bucket "backups" would be replaced because of location (EU → US): it holds data, which goes with it.',
  ]);
});

test("what a replacement drags along is one tree below it", () => {
  const { mustRead } = review([
    {
      op: "replace",
      type: TOPIC,
      name: "orders",
      before: { name: "a" },
      after: { name: "b" },
      replaceReasons: ["name"],
    },
    {
      op: "replace",
      type: SUBSCRIPTION,
      name: "packing",
      before: { topic: "a" },
      after: { topic: "b" },
      replaceReasons: ["topic"],
      state: from("topic", TOPIC, "orders"),
    },
    {
      op: "update",
      type: "gcp:monitoring/alertPolicy:AlertPolicy",
      name: "waiting",
      before: { conditions: ["a"] },
      after: { conditions: ["b"] },
      state: from("conditions", SUBSCRIPTION, "packing"),
    },
  ]);
  expect(mustRead).toHaveLength(1);
  expect(mustRead[0]).toMatchObject({
    kind: "backlog",
    urn: urnOf(SUBSCRIPTION, "packing"),
    sentence:
      'Subscription "packing" would be replaced because of topic (a → b): what it has not delivered by then is lost.',
    tree: { name: "orders", drags: [{ name: "packing", drags: [{ name: "waiting", outcome: "update" }] }] },
    more: [{ kind: "alert" }],
  });
});

test("a renamed bucket is one thing to read, with the alias that keeps it; grants that move with it are none", () => {
  const grant = (op: string, bucket: string) => ({
    op,
    type: GRANT,
    name: `${bucket}-writer`,
    [op === "delete" ? "before" : "after"]: {
      bucket,
      role: "roles/storage.objectUser",
      member: "user:a@example.com",
    },
    state: from("bucket", BUCKET, bucket),
  });
  const { mustRead } = review([
    {
      op: "create",
      type: BUCKET,
      name: "certs-names",
      after: { publicAccessPrevention: "enforced", uniformBucketLevelAccess: true },
      state: { stackTrace: [{ sourcePosition: "project:///../file:/home/me/components/stores.ts#7,3" }] },
    },
    grant("create", "certs-names"),
    grant("delete", "certs-registry"),
    { op: "delete", type: BUCKET, name: "certs-registry", before: {} },
  ]);
  expect(mustRead).toHaveLength(1);
  expect(mustRead[0]).toMatchObject({
    kind: "deletion",
    sentence:
      'Bucket "certs-registry" would be deleted: it holds data, which goes with it. If "certs-names" at components/stores.ts:7 is the same one, moved or renamed, give that aliases: [{ name: "certs-registry" }].',
    more: [],
    tree: { drags: expect.arrayContaining([expect.objectContaining({ name: "certs-names" })]) },
  });
});

test.each<[string, StepOf, string]>([
  [
    "a grant",
    {
      op: "create",
      type: GRANT,
      name: "it",
      after: { bucket: "b", role: "roles/storage.admin", member: `serviceAccount:${UNKNOWN}` },
      state: {
        propertyDependencies: { bucket: [urnOf(BUCKET, "backups")], member: [urnOf(ACCOUNT, "issuer")] },
      },
    },
    'access: Grants roles/storage.admin on bucket "backups" to service account "issuer".',
  ],
  [
    "a wider grant",
    {
      op: "replace",
      type: GRANT,
      name: "it",
      before: { bucket: "b", role: "roles/storage.objectViewer", member: "user:a@b.c" },
      after: { bucket: "b", role: "roles/storage.admin", member: "user:a@b.c" },
    },
    'access: Grants roles/storage.admin on bucket "b" to user "a@b.c" instead of roles/storage.objectViewer.',
  ],
  [
    "a grant that goes",
    {
      op: "delete",
      type: "gcp:projects/iAMMember:IAMMember",
      name: "it",
      before: { project: "p", role: "roles/viewer", member: "group:g@b.c" },
    },
    'access: Revokes roles/viewer on project "p" from group "g@b.c".',
  ],
  [
    "a grant to everybody",
    {
      op: "create",
      type: GRANT,
      name: "it",
      after: { bucket: "b", role: "roles/storage.objectViewer", member: "allUsers" },
    },
    'public: Grants roles/storage.objectViewer on bucket "b" to everybody on the internet (allUsers).',
  ],
  [
    "ingress",
    update(
      SERVICE,
      { ingress: "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER" },
      { ingress: "INGRESS_TRAFFIC_ALL" },
    ),
    'public: Cloud Run service "it" would be reachable from the whole internet, past the load balancer (ingress: INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER → INGRESS_TRAFFIC_ALL).',
  ],
  [
    "public access prevention",
    update(
      BUCKET,
      { publicAccessPrevention: "enforced", uniformBucketLevelAccess: true },
      { publicAccessPrevention: "inherited", uniformBucketLevelAccess: true },
    ),
    'public: Bucket "it" could be made public by a grant (publicAccessPrevention: enforced → inherited).',
  ],
  [
    "forceDestroy",
    update(
      BUCKET,
      { forceDestroy: false, publicAccessPrevention: "x", uniformBucketLevelAccess: false },
      { forceDestroy: true, publicAccessPrevention: "x", uniformBucketLevelAccess: false },
    ),
    'protection: Bucket "it": a deletion would take what it holds with it (forceDestroy: false → true).',
  ],
  [
    "deletionProtection",
    update(
      SERVICE,
      { ingress: "INGRESS_TRAFFIC_ALL", deletionProtection: true },
      { ingress: "INGRESS_TRAFFIC_ALL" },
    ),
    'protection: Cloud Run service "it": its service would let it be deleted (deletionProtection: true → nothing).',
  ],
  [
    "a dead-letter policy",
    update(SUBSCRIPTION, { deadLetterPolicy: { deadLetterTopic: "t", maxDeliveryAttempts: 5 } }, {}),
    'dead-letter: Subscription "it" would no longer have dead letters: a message that cannot be processed comes back until it expires.',
  ],
  [
    "a request setting of Fastly",
    update(
      EDGE,
      { requestSettings: [{ forceSsl: true }] },
      { requestSettings: [{ forceSsl: true, action: "pass" }] },
      { detailedDiff: { "requestSettings[0].action": { kind: "add", inputDiff: true } } },
    ),
    'edge: Fastly service "it": an edited request setting may lose what the edit leaves out, forceSsl too',
  ],
  [
    "a route",
    update("gcp:compute/uRLMap:URLMap", { defaultService: "a" }, { defaultService: "b" }),
    'route: URL map "it": requests go another way (defaultService: a → b).',
  ],
  [
    "a DNS record",
    update("gcp:dns/recordSet:RecordSet", { rrdatas: ["192.0.2.1"] }, { rrdatas: ["192.0.2.2"] }),
    'route: DNS record "it": a name leads elsewhere',
  ],
  [
    "a certificate",
    update("gcp:compute/sSLPolicy:SSLPolicy", { minTlsVersion: "TLS_1_2" }, { minTlsVersion: "TLS_1_0" }),
    "certificate: ",
  ],
  [
    "retention",
    update(TOPIC, { messageRetentionDuration: "600s" }, { messageRetentionDuration: "60s" }),
    "retention: ",
  ],
  ["encryption", update("gcp:kms/cryptoKey:CryptoKey", { rotationPeriod: "7776000s" }, {}), "encryption: "],
  [
    "an alert",
    update("gcp:monitoring/alertPolicy:AlertPolicy", { enabled: true }, { enabled: false }),
    "alert: ",
  ],
])("%s is to be read, in a sentence", (_, step, sentence) => {
  expect(sentences([step])).toEqual([expect.stringContaining(sentence)]);
});

test("whatever is dragged along, and however far, it is told", () => {
  const count = 6_000;
  const { mustRead } = review(
    Array.from({ length: count }, (_, at) => ({
      op: "replace",
      type: BUCKET,
      name: `b${at}`,
      before: { location: "EU" },
      after: { location: "US" },
      replaceReasons: ["location"],
      state: at === 0 ? {} : from("location", BUCKET, `b${at - 1}`),
    })),
  );
  expect(mustRead).toHaveLength(1);
  expect(mustRead[0]?.more).toHaveLength(count - 1);
  expect(JSON.stringify(mustRead[0]?.tree).match(/"urn"/g)).toHaveLength(count);
});

test("a dead-letter queue that goes is to be read once, with its subscription and its alert", () => {
  const policy = { deadLetterPolicy: { deadLetterTopic: "projects/p/topics/dead", maxDeliveryAttempts: 5 } };
  const { mustRead } = review([
    update(SUBSCRIPTION, policy, {}, { name: "work", state: from("deadLetterPolicy", TOPIC, "work-dead") }),
    { op: "delete", type: TOPIC, name: "work-dead", before: { name: "dead" } },
    {
      op: "delete",
      type: SUBSCRIPTION,
      name: "work-dead",
      before: {},
      state: from("topic", TOPIC, "work-dead"),
    },
  ]);
  expect(mustRead).toHaveLength(1);
  expect(mustRead[0]?.kind).toBe("dead-letter");
  expect(mustRead[0]?.more.map(({ kind }) => kind)).toEqual(["dead-letter", "backlog"]);
});

test("protection that goes is told, though nothing changes at the service", () => {
  const same = { op: "same", type: BUCKET, name: "it" };
  const preview = previewOf([{ ...same, before: {}, after: {} }]);
  const [step] = preview.changes;
  if (!step?.before || !step.after) throw new Error("A step must have both states.");
  const changes = [{ ...step, before: { ...step.before, protect: true } }];
  const { mustRead, stacks } = reviewOf([{ ...preview, changes }], { holdingOf });
  expect(mustRead.map(({ kind }) => kind)).toEqual(["protection"]);
  expect(stacks[0]?.verdict).toBe("dangerous");
});

test("outputs, reads, providers and what services rewrite are counted and not shown (actions#849, pulumi#16592)", () => {
  const { stacks, others } = review([
    update(SERVICE, {}, {}, { detailedDiff: { uri: { kind: "update", inputDiff: false } } }),
    update(
      SUBSCRIPTION,
      {},
      {},
      {
        name: "push",
        detailedDiff: { 'pushConfig.attributes["x-goog-version"]': { kind: "delete", inputDiff: true } },
      },
    ),
    { op: "read", type: BUCKET, name: "there", after: {} },
    { op: "refresh", type: BUCKET, name: "known", before: {}, after: {} },
    {
      op: "update",
      type: "pulumi:providers:gcp",
      name: "default",
      before: { version: "1" },
      after: { version: "2" },
    },
  ]);
  expect(stacks).toMatchObject([{ verdict: "unchanged", noise: 5, counts: { update: 0 } }]);
  expect(others).toEqual([]);
});

test("a workload's code and memory are told in one line with sizes, and its object is no change to read", () => {
  const object = (hash: string) => ({
    bucket: "b",
    name: `${hash}.tar.gz`,
    source: { hash, path: `/cache/${hash}` },
  });
  const service = (hash: string, memory: string) => ({
    ingress: "INGRESS_TRAFFIC_INTERNAL_ONLY",
    template: {
      containers: [
        {
          resources: { limits: { cpu: "1", memory } },
          sourceCode: { cloudStorageSource: { object: `${hash}.tar.gz` } },
        },
      ],
      scaling: { minInstanceCount: 2 },
    },
  });
  const reviewed = reviewOf(
    [
      previewOf([
        {
          op: "replace",
          type: OBJECT,
          name: "web-code",
          before: object("old"),
          after: object("new"),
          replaceReasons: ["name"],
        },
        update(SERVICE, service("old", "512Mi"), service("new", "1Gi"), {
          name: "web",
          state: from("template", OBJECT, "web-code"),
        }),
      ]),
    ],
    { holdingOf, sizeOf: (asset) => ((asset as { hash: string }).hash === "old" ? 412_000 : 415_000) },
  );
  expect(reviewed.workloads).toMatchObject([
    {
      name: "web",
      code: { before: 412_000, after: 415_000 },
      settings: [{ name: "memory", before: "512Mi", after: "1Gi" }],
    },
  ]);
  expect(reviewed.mustRead).toEqual([]);
  expect(reviewed.stacks[0]?.cost.lines).toMatchObject([{ monthly: expect.closeTo(6.57, 2) }]);
});

test("what breaks a policy is new, or stood before", () => {
  const policiesOf = ({ resources }: { resources: readonly { urn: string; inputs: object }[] }) =>
    resources
      .filter(({ inputs }) => !("labels" in inputs))
      .map(({ urn }) => ({
        id: "labels",
        severity: "mandatory" as const,
        urn,
        sentence: "It has no labels.",
        wayOut: "Add some.",
      }));
  const { policies, stacks } = reviewOf(
    [
      previewOf([
        { op: "same", type: TOPIC, name: "old", before: {}, after: {} },
        { op: "create", type: TOPIC, name: "new", after: {} },
      ]),
    ],
    { holdingOf, policiesOf },
  );
  expect(policies.map(({ urn, isNew }) => [urn, isNew])).toEqual([
    [urnOf(TOPIC, "new"), true],
    [urnOf(TOPIC, "old"), false],
  ]);
  expect(stacks[0]?.verdict).toBe("read");
});

test("a stack that does not preview says so, and is judged by no policy", () => {
  const preview = previewOf([{ op: "create", type: TOPIC, name: "new", after: {} }], {
    diagnostics: [{ message: "it broke", severity: "error" }],
  });
  expect(reviewOf([preview], { holdingOf }).stacks).toMatchObject([
    { verdict: "fails", errors: ["it broke"] },
  ]);
});

test("properties that are too many are counted", () => {
  const labels = (value: number) =>
    Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`l${at}`, value]));
  const { others } = review([update(TOPIC, labels(1), labels(2))]);
  expect([others[0]?.properties.length, others[0]?.left]).toEqual([40, 10]);
});

test("stacks of one name in two projects are told apart", () => {
  const [own, other] = [1, 2].map(() => previewOf([{ op: "delete", type: BUCKET, name: "it", before: {} }]));
  if (!own || !other) throw new Error("There must be two.");
  const { stacks, mustRead } = reviewOf([own, { ...other, project: "delivery" }], { holdingOf });
  expect(stacks.map(({ stack }) => stack)).toEqual(["platform/prod", "delivery/prod"]);
  expect(mustRead.map(({ stack }) => stack)).toEqual(["platform/prod", "delivery/prod"]);
});
