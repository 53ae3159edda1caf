import { expect, test } from "@jest/globals";
import { nameOf } from "../preview/urn.ts";
import { adding, changing, type Edit, goldenGraph, inside, urnIn } from "../testing/graph-edits.ts";
import { judgePolicies } from "./policies.ts";

const NOW = new Date("2026-12-01T12:00:00Z");
const prod = goldenGraph("prod");
const ALLOW_LIST = "gcp:compute/securityPolicy:SecurityPolicy::certs-own-edge-only";
const HOSTING = "gcp:cloudrunv2/service:Service::certs-hosting";
const ISSUER = "gcp:cloudrunv2/service:Service::certs-cert-issuer";
const STAGE = "gcp:pubsub/subscription:Subscription::certs-cert-issuer";
const ISSUING = urnIn(prod, "gcp:pubsub/topic:Topic::certs-issuing");
const BURIED = urnIn(prod, "gcp:pubsub/topic:Topic::certs-cert-issuer-dead");
const ALERT = "gcp:monitoring/alertPolicy:AlertPolicy::certs-cert-issuer-dead";
const BUCKET_POLICY = "gcp:storage/bucketIAMPolicy:BucketIAMPolicy::all";
const PROJECT_POLICY = "gcp:projects/iAMPolicy:IAMPolicy::all";
const PROJECT_GRANT = "gcp:projects/iAMMember:IAMMember::certs-builds-log-writer";
const ACCESS = "gcp:bigquery/datasetAccess:DatasetAccess::all";
const RULE = "gcp:compute/securityPolicyRule:SecurityPolicyRule::all";
const OPEN = "open-to-all-only-behind-the-edge";
const POOL = "iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github";

const [everyone, refuse] = [
  { priority: 10, match: { config: { srcIpRanges: ["*"] } } },
  { priority: 2_147_483_647, action: "deny(403)", match: { config: { srcIpRanges: ["*"] } } },
];
const halves = ["0.0.0.0/1", "128.0.0.0/1"];
const worker = {
  serviceAccount: "worker@p.iam.gserviceaccount.com",
  containers: [{ image: `a@sha256:${"a".repeat(64)}` }],
};
const latest = { ...worker, containers: [{ image: "a:latest" }] };
const clear = {
  ...worker,
  containers: [{ ...worker.containers[0], envs: [{ name: "DB_PASSWORD", value: "a" }] }],
};
const oldService = (spec: object, maxScale = "3", ingress = "internal") => ({
  metadata: { annotations: { "run.googleapis.com/ingress": ingress } },
  template: { metadata: { annotations: { "autoscaling.knative.dev/maxScale": maxScale } }, spec },
});
const oldSpec = { serviceAccountName: worker.serviceAccount, containers: worker.containers };
const oldFunction = {
  serviceAccountEmail: worker.serviceAccount,
  maxInstances: 2,
  ingressSettings: "ALLOW_INTERNAL_ONLY",
  sourceArchiveObject: `${"a".repeat(64)}.zip`,
};
const JOB = "gcp:cloudrunv2/job:Job::job";
const POOL_OF_WORKERS = "gcp:cloudrunv2/workerPool:WorkerPool::pool";
const OLD = "gcp:cloudrun/service:Service::old";
const OLD_FUNCTION = "gcp:cloudfunctions/function:Function::old";
const scaling = { manualInstanceCount: 1 };

/** What breaks the policy all the same. */
const TRICKS: readonly (readonly [policy: string, how: string, where: string, edit: Edit])[] = [
  [OPEN, "a whole policy", BUCKET_POLICY, policy(BUCKET_POLICY, "roles/storage.objectViewer", "allUsers")],
  [
    OPEN,
    "an access list",
    "gcp:storage/bucketACL:BucketACL::a",
    adding("gcp:storage/bucketACL:BucketACL::a", { roleEntities: ["READER:allUsers"] }),
  ],
  [
    OPEN,
    "an access list's name",
    "gcp:storage/bucketACL:BucketACL::a",
    adding("gcp:storage/bucketACL:BucketACL::a", { predefinedAcl: "publicRead" }),
  ],
  [
    OPEN,
    "an entry of one",
    "gcp:storage/objectAccessControl:ObjectAccessControl::a",
    adding("gcp:storage/objectAccessControl:ObjectAccessControl::a", { entity: "allUsers", role: "READER" }),
  ],
  [OPEN, "no check of who calls", ISSUER, changing(ISSUER, { invokerIamDisabled: true })],
  [
    "dataset-closed-to-the-public",
    "a resource of its own",
    ACCESS,
    adding(ACCESS, { role: "READER", specialGroup: "allAuthenticatedUsers" }),
  ],
  [
    "dataset-closed-to-the-public",
    "a member of IAM",
    ACCESS,
    adding(ACCESS, { role: "READER", iamMember: "allUsers" }),
  ],
  [
    "no-admin-accounts",
    "a federated identity",
    PROJECT_GRANT,
    changing(
      PROJECT_GRANT,
      { role: "roles/owner", member: `principalSet://${POOL}/attribute.repository/a` },
      { member: [] },
    ),
  ],
  [
    "no-admin-accounts",
    "a whole policy",
    PROJECT_POLICY,
    policy(PROJECT_POLICY, "roles/owner", "serviceAccount:a@b.iam.gserviceaccount.com"),
  ],
  [
    "no-impersonation-of-all",
    "a whole policy",
    PROJECT_POLICY,
    policy(PROJECT_POLICY, "roles/iam.serviceAccountTokenCreator", "user:a@example.com"),
  ],
  [OPEN, "all let in before the last rule", "", rules({ ...everyone, action: "allow" }, refuse)],
  [OPEN, "all slowed down before it", "", rules({ ...everyone, action: "throttle" }, refuse)],
  [
    OPEN,
    "all by an expression",
    "",
    rules({ priority: 10, action: "allow", match: { expr: { expression: " (true)" } } }, refuse),
  ],
  [
    OPEN,
    "all in two halves",
    "",
    rules({ priority: 10, action: "allow", match: { config: { srcIpRanges: halves } } }, refuse),
  ],
  [OPEN, "a denial that is only tried out", "", rules({ ...refuse, preview: true })],
  [
    OPEN,
    "a rule of its own",
    "",
    adding(RULE, { ...everyone, action: "allow" }, { securityPolicy: [urnIn(prod, ALLOW_LIST)] }),
  ],
  [
    "workload-with-an-account-of-its-own",
    "a job",
    JOB,
    adding(JOB, { template: { template: { ...worker, serviceAccount: undefined } } }),
  ],
  ["artefact-by-its-content", "a job", JOB, adding(JOB, { template: { template: latest } })],
  ["secret-by-reference", "a job", JOB, adding(JOB, { template: { template: clear } })],
  [
    "secret-by-reference",
    "a pool of workers",
    POOL_OF_WORKERS,
    adding(POOL_OF_WORKERS, { scaling, template: clear }),
  ],
  [
    "workload-with-a-bound",
    "a pool of workers",
    POOL_OF_WORKERS,
    adding(POOL_OF_WORKERS, { template: worker }),
  ],
  [
    "artefact-by-its-content",
    "an older service",
    OLD,
    adding(OLD, oldService({ ...oldSpec, containers: latest.containers })),
  ],
  ["workload-with-a-bound", "an older service", OLD, adding(OLD, oldService(oldSpec, "0"))],
  ["workload-closed-to-the-internet", "an older service", OLD, adding(OLD, oldService(oldSpec, "3", "all"))],
  [
    "secret-by-version",
    "an older service",
    OLD,
    adding(
      OLD,
      oldService({
        ...oldSpec,
        containers: [
          {
            ...worker.containers[0],
            envs: [{ name: "A", valueFrom: { secretKeyRef: { name: "a", key: "latest" } } }],
          },
        ],
      }),
    ),
  ],
  [
    "secret-by-reference",
    "an older function",
    OLD_FUNCTION,
    adding(OLD_FUNCTION, { ...oldFunction, environmentVariables: { db_password: "a" } }),
  ],
  [
    "no-machines",
    "a cluster with nodes",
    "gcp:container/cluster:Cluster::a",
    adding("gcp:container/cluster:Cluster::a", {}),
  ],
  [
    "no-machines",
    "its nodes",
    "gcp:container/nodePool:NodePool::a",
    adding("gcp:container/nodePool:NodePool::a", {}),
  ],
  [
    "dead-letters-kept-and-told",
    "its own topic",
    STAGE,
    changing(STAGE, {}, { deadLetterPolicy: [ISSUING] }),
  ],
  [
    "dead-letters-kept-and-told",
    "two topics in turn",
    STAGE,
    adding(
      "gcp:pubsub/subscription:Subscription::back",
      { deadLetterPolicy: {} },
      { topic: [BURIED], deadLetterPolicy: [ISSUING] },
    ),
  ],
  ["dead-letters-kept-and-told", "an alert that is off", STAGE, changing(ALERT, { enabled: false })],
  [
    "dead-letters-kept-and-told",
    "an alert on something else",
    STAGE,
    changing(ALERT, { conditions: [{ conditionThreshold: { filter: "another metric" } }] }),
  ],
];

test.each(TRICKS)("%s sees through %s: %s", (policy, _, where, edit) => {
  const before = judgePolicies(prod, NOW, []).map(({ sentence }) => sentence);
  const found = judgePolicies(edit(prod), NOW, []).filter(({ sentence }) => !before.includes(sentence));
  const [type = "", name = ""] = (where || OPEN_GRANT).split("::");
  expect(
    found.map(({ id, urn = "" }) => [id, urn.endsWith(`${type}::${name}`) && nameOf(urn)]),
  ).toContainEqual([policy, name]);
});

const OPEN_GRANT = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember::certs-hosting-invoker-everyone";

test.each<readonly [how: string, edit: Edit]>([
  ["a job", adding(JOB, { template: { template: worker } })],
  ["a pool of workers", adding(POOL_OF_WORKERS, { scaling, template: worker })],
  ["an older service", adding(OLD, oldService(oldSpec))],
  ["an older function", adding(OLD_FUNCTION, oldFunction)],
  [
    "a cluster without machines of ours",
    adding("gcp:container/cluster:Cluster::a", { enableAutopilot: true }),
  ],
  ["an owner who is somebody", policy(PROJECT_POLICY, "roles/owner", "user:a@example.com")],
  [
    "people of a workforce",
    policy(
      PROJECT_POLICY,
      "roles/owner",
      "principalSet://iam.googleapis.com/locations/global/workforcePools/a/group/b",
    ),
  ],
  [
    "a rule that refuses all before one lets all in",
    rules({ ...everyone, action: "deny(403)" }, { ...everyone, priority: 20, action: "allow" }),
  ],
  [
    "a bound of the service as a whole",
    (graph) =>
      changing(HOSTING, { scaling: { maxInstanceCount: 2 } })(
        inside(HOSTING, "template", { scaling: {} })(graph),
      ),
  ],
])("%s breaks none", (_, edit) => {
  expect(judgePolicies(edit(prod), NOW, [])).toEqual(judgePolicies(prod, NOW, []));
});

function policy(label: string, role: string, ...members: readonly string[]): Edit {
  return adding(label, { policyData: JSON.stringify({ bindings: [{ role, members }] }) });
}

function rules(...of: readonly object[]): Edit {
  return changing(ALLOW_LIST, { rules: of });
}
