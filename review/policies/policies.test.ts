import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { SECRET } from "../preview/stack-preview.ts";
import { nameOf } from "../preview/urn.ts";
import { adding, changing, type Edit, goldenGraph, inside, without } from "../testing/graph-edits.ts";
import { exemptionsOf, judgePolicies, POLICIES } from "./policies.ts";

const REPOSITORY = join(import.meta.dirname, "../..");
const NOW = new Date("2026-12-01T12:00:00Z");
const prod = goldenGraph("prod");

test.each([
  ["local", "."],
  ["dev", "."],
  ["prod", "."],
  ["delivery-prod", "stacks/delivery"],
])("%s breaks no policy without an exemption", (graph, program) => {
  const exemptions = exemptionsOf(join(REPOSITORY, program));
  expect(judgePolicies(goldenGraph(graph), NOW, exemptions).filter(({ exemption }) => !exemption)).toEqual(
    [],
  );
});

test.each([
  ["platform", "."],
  ["delivery", "stacks/delivery"],
])("a graph of project %s has its own program's exemptions", (project, program) => {
  const graph = { ...prod, project };
  const exemptions = exemptionsOf(join(REPOSITORY, program));
  expect(exemptions).not.toEqual([]);
  expect(judgePolicies(graph, NOW)).toEqual(judgePolicies(graph, NOW, exemptions));
});

const BUCKET = "gcp:storage/bucket:Bucket::certs-backup";
const KEY = "gcp:kms/cryptoKey:CryptoKey::certs-backup";
const KEY_GRANT = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember::certs-backup-keeper-issuer";
const BUCKET_GRANT = "gcp:storage/bucketIAMMember:BucketIAMMember::certs-registry-writers-api";
const PROJECT_GRANT = "gcp:projects/iAMMember:IAMMember::certs-builds-log-writer";
const SERVICE = "gcp:cloudrunv2/service:Service::certs-hosting";
const ISSUER = "gcp:cloudrunv2/service:Service::certs-cert-issuer";
const OPEN = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember::certs-hosting-invoker-everyone";
const FUNCTION = "gcp:cloudfunctionsv2/function:Function::certs-token-proxy";
const BACKEND = "gcp:compute/backendService:BackendService::certs-hosting";
const ALLOW_LIST = "gcp:compute/securityPolicy:SecurityPolicy::certs-own-edge-only";
const STAGE = "gcp:pubsub/subscription:Subscription::certs-cert-issuer";
const ORPHAN = "gcp:pubsub/subscription:Subscription::orphan";
const DEAD = "gcp:pubsub/subscription:Subscription::certs-cert-issuer-dead";
const JOB = "gcp:cloudscheduler/job:Job::certs-domain-watcher";
const ALERT = "gcp:monitoring/alertPolicy:AlertPolicy::certs-cert-issuer-dead";
const AGENT_GRANT = "gcp:pubsub/topicIAMMember:TopicIAMMember::certs-cert-issuer-dead-publisher";
const AGENT_TAKES = "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember::certs-cert-issuer-subscriber";
const INVOKER = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember::certs-cert-issuer-invoker-pusher";
const AUDIT = "gcp:projects/iAMAuditConfig:IAMAuditConfig::audit";
const DATASET = "gcp:bigquery/dataset:Dataset::data";

const defaultEncryptionConfiguration = { kmsKeyName: "projects/p/locations/l/keyRings/r/cryptoKeys/k" };

/** Each breaks its policy in what the program makes. */
const BREAKS: readonly (readonly [policy: string, where: string, edit: Edit])[] = [
  ["no-account-keys", "gcp:serviceaccount/key:Key::key", adding("gcp:serviceaccount/key:Key::key", {})],
  ["no-admin-accounts", BUCKET_GRANT, changing(BUCKET_GRANT, { role: "roles/storage.objectAdmin" })],
  ["no-admin-accounts", PROJECT_GRANT, changing(PROJECT_GRANT, { role: "roles/editor" })],
  [
    "no-impersonation-of-all",
    PROJECT_GRANT,
    changing(PROJECT_GRANT, { role: "roles/iam.serviceAccountUser" }),
  ],
  ["key-closed-to-the-public", KEY_GRANT, changing(KEY_GRANT, { member: "allAuthenticatedUsers" })],
  ["open-to-all-only-behind-the-edge", BUCKET_GRANT, changing(BUCKET_GRANT, { member: "allUsers" })],
  ["open-to-all-only-behind-the-edge", INVOKER, changing(INVOKER, { member: "allUsers" })],
  ["open-to-all-only-behind-the-edge", OPEN, changing(BACKEND, {}, { securityPolicy: [] })],
  [
    "open-to-all-only-behind-the-edge",
    OPEN,
    changing(ALLOW_LIST, { rules: [{ action: "allow", priority: 2_147_483_647 }] }),
  ],
  ["bucket-closed-to-the-public", BUCKET, changing(BUCKET, { publicAccessPrevention: "inherited" })],
  ["bucket-with-one-access-list", BUCKET, changing(BUCKET, { uniformBucketLevelAccess: false })],
  ["key-rotated-within-90-days", KEY, changing(KEY, { rotationPeriod: "7776001s" })],
  ["key-rotated-within-90-days", KEY, changing(KEY, { rotationPeriod: undefined })],
  [
    "dataset-closed-to-the-public",
    DATASET,
    adding(DATASET, {
      accesses: [{ specialGroup: "allAuthenticatedUsers" }],
      defaultEncryptionConfiguration,
    }),
  ],
  [
    "table-with-a-key-of-ours",
    "gcp:bigquery/table:Table::rows",
    adding("gcp:bigquery/table:Table::rows", {}),
  ],
  ["dataset-with-a-key-of-ours", DATASET, adding(DATASET, {})],
  [
    "workload-with-an-account-of-its-own",
    SERVICE,
    inside(SERVICE, "template", { serviceAccount: undefined }),
  ],
  [
    "workload-with-an-account-of-its-own",
    FUNCTION,
    inside(FUNCTION, "serviceConfig", { serviceAccountEmail: "1-compute@developer.gserviceaccount.com" }),
  ],
  ["workload-with-a-bound", SERVICE, inside(SERVICE, "template", { scaling: { minInstanceCount: 2 } })],
  ["workload-with-a-bound", FUNCTION, inside(FUNCTION, "serviceConfig", { maxInstanceCount: undefined })],
  ["workload-closed-to-the-internet", ISSUER, changing(ISSUER, { ingress: "INGRESS_TRAFFIC_ALL" })],
  [
    "secret-by-reference",
    FUNCTION,
    inside(FUNCTION, "serviceConfig", { environmentVariables: { CHALLENGE_BUCKET: SECRET } }),
  ],
  [
    "secret-by-reference",
    FUNCTION,
    inside(FUNCTION, "serviceConfig", { environmentVariables: { FASTLY_API_TOKEN: "a" } }),
  ],
  [
    "secret-by-version",
    FUNCTION,
    inside(FUNCTION, "serviceConfig", { secretEnvironmentVariables: [{ key: "TOKEN", version: "latest" }] }),
  ],
  [
    "artefact-by-its-content",
    SERVICE,
    inside(SERVICE, "template", { containers: [{ image: "docker.example/hosting:latest" }] }),
  ],
  [
    "no-call-between-workloads",
    INVOKER,
    changing(INVOKER, {
      member: "serviceAccount:certs-validator-0000000@example-platform-prod.iam.gserviceaccount.com",
    }),
  ],
  ["no-machines", "gcp:compute/instance:Instance::vm", adding("gcp:compute/instance:Instance::vm", {})],
  ["dead-letters-kept-and-told", ORPHAN, adding(ORPHAN, { topic: "certs-events" })],
  ["dead-letters-kept-and-told", STAGE, without(DEAD)],
  ["dead-letters-kept-and-told", STAGE, without(ALERT)],
  ["dead-letters-kept-and-told", STAGE, without(AGENT_GRANT)],
  ["dead-letters-kept-and-told", STAGE, without(AGENT_TAKES)],
  ["push-with-a-token", STAGE, inside(STAGE, "pushConfig", { oidcToken: undefined })],
  [
    "push-with-a-token",
    JOB,
    inside(JOB, "httpTarget", { oidcToken: { serviceAccountEmail: "a@example.com" } }),
  ],
  [
    "access-audited",
    AUDIT,
    adding(AUDIT, {
      service: "allServices",
      auditLogConfigs: [{ logType: "ADMIN_READ" }, { logType: "DATA_READ" }],
    }),
  ],
  ["load-balancer-logged", BACKEND, changing(BACKEND, { logConfig: { enable: false } })],
  ["alert-with-a-runbook", ALERT, changing(ALERT, { documentation: undefined })],
  ["alert-with-a-runbook", ALERT, inside(ALERT, "documentation", { links: [] })],
  ["alert-with-a-runbook", ALERT, changing(ALERT, { notificationChannels: [] })],
];

test.each(BREAKS)("%s is broken by an edit of the program's own: %s", (policy, where, edit) => {
  const before = judgePolicies(prod, NOW, []);
  const found = judgePolicies(edit(prod), NOW, []).filter(
    ({ id, sentence }) => !before.some((each) => each.id === id && each.sentence === sentence),
  );
  expect(found.map(({ id }) => id)).toContain(policy);
  const finding = found.find(({ id }) => id === policy);
  const [type, name] = where.split("::");
  expect(finding).toMatchObject({
    severity: POLICIES.find(({ id }) => id === policy)?.severity,
    urn: expect.stringMatching(`${type}::${name}$`),
    sentence: expect.stringMatching(/^Resource ".*" \(.*\): .* must .*; got .*\.$/),
    wayOut: expect.stringMatching(/\.$/),
  });
  // Whatever else breaks, no other resource does.
  expect(new Set(found.map(({ urn }) => urn && nameOf(urn)))).toEqual(new Set([name]));
});

test("each policy has an edit that breaks it, and an id of its own", () => {
  const ids = POLICIES.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(BREAKS.map(([policy]) => policy))).toEqual(new Set(ids));
});

test("what is right in another way is found right", () => {
  const audited = ["ADMIN_READ", "DATA_READ", "DATA_WRITE"].map((logType) => ({ logType }));
  const edits: readonly Edit[] = [
    adding(AUDIT, { service: "allServices", auditLogConfigs: audited }),
    adding(DATASET, { accesses: [{ specialGroup: "projectOwners" }], defaultEncryptionConfiguration }),
    adding("gcp:kms/cryptoKey:CryptoKey::signs", { purpose: "ASYMMETRIC_SIGN" }),
    inside(SERVICE, "template", {
      containers: [{ image: `docker.example/hosting@sha256:${"a".repeat(64)}` }],
    }),
    inside(JOB, "httpTarget", { oidcToken: undefined, oauthToken: { serviceAccountEmail: "a@example.com" } }),
  ];
  const found = judgePolicies(
    edits.reduce((graph, edit) => edit(graph), prod),
    NOW,
    [],
  );
  expect(found.map(({ id }) => id)).toEqual(["no-call-between-workloads"]);
});

test("docs/policies.md has a row for each policy, and names tests that there are", () => {
  const page = readFileSync(join(REPOSITORY, "docs", "policies.md"), "utf8");
  const rows = page.split("\n").filter((line) => /^\| `[a-z0-9-]+` /.test(line));
  expect(
    rows.map((row) =>
      row
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    ),
  ).toEqual(
    POLICIES.map(({ id, severity, source, reason, wayOut }) => [
      `\`${id}\``,
      severity,
      source,
      `${reason} ${wayOut}`,
    ]),
  );
  const files = [
    ...page.matchAll(/`((?:bench|components|local|review|runtime|test)\/[^`]+\.(?:ts|yaml|mts))`/g),
  ].map(([, file = ""]) => file);
  expect(files.length).toBeGreaterThan(15);
  expect(files.filter((file) => !existsSync(join(REPOSITORY, file)))).toEqual([]);
});
