import { expect, test } from "@jest/globals";
import type { Properties } from "../../../review/rules/values.ts";
import { GCP_KINDS } from "../google/package.ts";
import { describeAcceptance, describeRefusals, type Mistake } from "../testing/refusals.ts";

const ACCOUNT = "projects/acme/serviceAccounts/robot@acme.iam.gserviceaccount.com";
const POOL = "iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/github";
const CLUSTERS = POOL.replace("github", "acme-prod.svc.id.goog");
const PRINCIPALS = "/iam/docs/principal-identifiers";

/** Grants, each with a role that fits elsewhere only. */
const GRANTS: Readonly<Record<string, readonly [base: Properties, misplaced: string]>> = {
  "gcp:storage/bucketIAMMember:BucketIAMMember": [
    { bucket: "b", role: "roles/storage.objectViewer", member: "projectEditor:acme-prod" },
    "roles/pubsub.publisher",
  ],
  "gcp:pubsub/topicIAMMember:TopicIAMMember": [
    { topic: "t", role: "roles/pubsub.publisher", member: `principal://${POOL}/subject/repo:acme` },
    "roles/run.invoker",
  ],
  "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember": [
    {
      subscription: "s",
      role: "roles/pubsub.subscriber",
      member: `principalSet://${POOL}/attribute.repository/acme/shop`,
    },
    "roles/storage.objectViewer",
  ],
  "gcp:cloudrunv2/serviceIamMember:ServiceIamMember": [
    { name: "api", location: "europe-west1", role: "roles/run.invoker", member: "user:a@acme.test" },
    "roles/pubsub.publisher",
  ],
  "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": [
    {
      cryptoKeyId: "projects/acme/locations/europe-west1/keyRings/r/cryptoKeys/k",
      role: "roles/cloudkms.cryptoKeyEncrypterDecrypter",
      member: "serviceAccount:acme.svc.id.goog[jobs/runner]",
    },
    "roles/storage.objectViewer",
  ],
  "gcp:secretmanager/secretIamMember:SecretIamMember": [
    { secretId: "s", role: "roles/secretmanager.secretAccessor", member: "domain:acme.test" },
    "roles/run.invoker",
  ],
  "gcp:serviceaccount/iAMMember:IAMMember": [
    {
      serviceAccountId: ACCOUNT,
      role: "roles/iam.serviceAccountTokenCreator",
      member: "group:ops@acme.test",
    },
    "roles/pubsub.publisher",
  ],
};

const MISTAKES: readonly Mistake[] = [
  [{ role: undefined }, "role must be set", "@pulumi/gcp 9.37"],
  [{ role: "storage.objectViewer" }, "role must be roles/NAME", "/iam/docs/roles-overview"],
  [{ role: "projects/acme/roles/a" }, "role must be roles/NAME", "/iam/docs/roles-overview"],
  [{ member: "robot@acme.iam.gserviceaccount.com" }, "member must be allUsers", PRINCIPALS],
  [{ member: "serviceAccount:robot" }, "member must be serviceAccount:EMAIL", PRINCIPALS],
  [{ member: "domain:Acme" }, "member must be domain:NAME", PRINCIPALS],
  [
    { member: "deleted:serviceAccount:robot@acme.iam.gserviceaccount.com?uid=1" },
    "member must be a principal that exists",
    PRINCIPALS,
  ],
  [
    { member: `principal://${POOL.replace("123456789012", "acme")}/subject/x` },
    "member must name the pool's project by its number",
    PRINCIPALS,
  ],
  [{ member: `principal://${POOL}/attribute.a/b` }, "member must be principal://iam", PRINCIPALS],
  [{ member: `principalSet://${POOL}/namespace/default` }, "member must be principalSet://iam", PRINCIPALS],
  [
    { member: `principal://${POOL.replace("github", "acme-prod.example")}/subject/x` },
    "member must be principal://iam",
    PRINCIPALS,
  ],
  [{ member: `principalSet://${POOL}` }, "member must be principalSet://iam", PRINCIPALS],
  [
    { "condition.expression": "true" },
    "condition.title must be set",
    "@pulumi/gcp 9.37",
    "condition.description",
  ],
  [
    { condition: { title: "t", expression: "resource.name.startsWith(" } },
    "condition.expression must close every ( that it opens",
    "/iam/docs/conditions-overview",
  ],
  [
    { condition: { title: "t", expression: "resource.name == 'a" } },
    "condition.expression must close every string that it opens",
    "/iam/docs/conditions-overview",
  ],
  [
    { member: "allUsers", condition: { title: "t", expression: "true" } },
    "condition must be absent where member is allUsers",
    "/iam/docs/conditions-overview",
    "condition.description",
  ],
];

for (const [token, [base, misplaced]] of Object.entries(GRANTS)) {
  const isBucket = token.startsWith("gcp:storage");
  describeRefusals(GCP_KINDS, token, base, [
    ...MISTAKES,
    [
      { role: misplaced },
      "role must be a role that can be granted on this resource",
      "/viewing-grantable-roles",
    ],
    ...(isBucket
      ? ([
          [{ member: "projectEditor:Acme" }, "member must be projectEditor:PROJECT", PRINCIPALS],
        ] as Mistake[])
      : ([
          [{ member: "projectEditor:acme-prod" }, "member must be no projectEditor", PRINCIPALS],
        ] as Mistake[])),
  ]);
}

describeRefusals(
  GCP_KINDS,
  "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember",
  { repository: "images", location: "europe", role: "roles/artifactregistry.reader", member: "allUsers" },
  [[{ location: "mars" }, "location must be a region of Google Cloud", "/repo-locations"]],
);

describeRefusals(
  GCP_KINDS,
  "gcp:projects/iAMMember:IAMMember",
  { project: "acme", role: "roles/pubsub.publisher", member: "group:ops@acme.test" },
  [
    [
      { member: "allUsers" },
      "member must be a principal: a project can't be granted to everyone",
      "/projects/setIamPolicy",
    ],
    [
      { role: "roles/pubsub.pubisher" },
      "role must be a role of Google's: those of pubsub are admin, editor, viewer, publisher",
      "/understanding-roles",
    ],
    [
      { role: "roles/veiwer" },
      "role must be a role of Google's: those without a service are admin, browser",
      "/understanding-roles",
    ],
    [
      { role: "roles/bigquery.tables.getData" },
      "role must be a role, and bigquery.tables.getData is a permission",
      "/understanding-roles",
    ],
    [{ role: "storage.objects.get" }, "role must be roles/NAME", "/roles-overview"],
    [
      { role: "roles/cloudrun.invoker" },
      "role must be a role of Google's, as roles/run.invoker may be",
      "/understanding-roles",
    ],
    [
      { role: "roles/secretManager.secretAccessor" },
      "role must be a role of Google's, as roles/secretmanager.secretAccessor may be",
      "/understanding-roles",
    ],
    [
      { role: "roles/iam.serviceAccountsUser" },
      "role must be a role of Google's, as roles/iam.serviceAccountUser may be",
      "/understanding-roles",
    ],
    [
      { role: "roles/owner", member: "domain:acme.test" },
      "member must be a user, a service account or a group where role is roles/owner",
      "/projects/setIamPolicy",
    ],
  ],
);

describeRefusals(
  GCP_KINDS,
  "gcp:serviceaccount/iAMMember:IAMMember",
  { serviceAccountId: ACCOUNT, role: "roles/iam.serviceAccountUser", member: "user:a@acme.test" },
  [
    [
      { serviceAccountId: "robot@acme.iam.gserviceaccount.com" },
      "serviceAccountId must be the account's whole name",
      "serviceaccount/iammember",
    ],
  ],
);

describeAcceptance(
  GCP_KINDS,
  "gcp:projects/iAMMember:IAMMember",
  { project: "acme", role: "roles/viewer", member: "group:ops@acme.test" },
  [
    { role: "roles/owner" },
    { role: "roles/owner", member: "user:a@acme.test" },
    { role: "roles/browser" },
    { role: "roles/logging.viewer" },
    { role: "roles/monitoring.metricWriter" },
    { role: "roles/bigquery.jobUser" },
    { role: "roles/cloudbuild.builds.editor" },
    { role: "roles/compute.instanceAdmin.v1" },
    { role: "roles/ids.admin" },
    { role: "roles/iam.workloadIdentityUser" },
    { role: "roles/run.servicesInvoker" },
  ],
);

describeAcceptance(
  GCP_KINDS,
  "gcp:storage/bucketIAMMember:BucketIAMMember",
  { bucket: "b", role: "roles/storage.admin", member: "group:ops@acme.test" },
  [
    { role: "roles/storage.legacyBucketOwner" },
    { role: "roles/viewer" },
    { role: "roles/storage.editor" },
    { member: "projectViewer:acme.test:shop-front" },
    { member: `principal://${CLUSTERS}/subject/ns/default/sa/collector` },
    { member: `principal://${CLUSTERS}/kubernetes.serviceaccount.uid/7c9c` },
    { member: `principalSet://${CLUSTERS}/namespace/default` },
    {
      member: `principalSet://${CLUSTERS}/kubernetes.cluster/https://container.googleapis.com/v1/projects/acme-prod/locations/europe-west1/clusters/c`,
    },
    { member: `principalSet://${POOL}/*` },
  ],
);

test.each([
  ["roles/storage.objectViewer", []],
  ["projects/acme/roles/reader", []],
  ["roles/storage.hmacKeyAdmin", ["role"]],
  ["roles/viewer", ["role"]],
])("the local IAM grants %s: refuses %j", (role, paths) => {
  const kind = GCP_KINDS.find(({ token }) => token.startsWith("gcp:storage/bucketIAMMember:"));
  const reported: string[] = [];
  kind?.unsupported?.({ bucket: "b", role, member: "user:a@acme.test" }, (path) => reported.push(path));
  expect(reported).toEqual(paths);
});

test.each([
  ['resource.name.startsWith("projects/_/buckets/b")', []],
  ['!resource.name.endsWith("x") || resource.name == "y"', []],
  ['resource.type == "storage.googleapis.com/Bucket"', ["condition.expression"]],
  ['request.time < timestamp("2030-01-01T00:00:00Z")', ["condition.expression"]],
])("the local IAM evaluates %s: refuses %j", (expression, paths) => {
  const kind = GCP_KINDS.find(({ token }) => token.startsWith("gcp:storage/bucketIAMMember:"));
  const reported: string[] = [];
  const inputs = { bucket: "b", role: "roles/storage.objectViewer", member: "user:a@acme.test" };
  kind?.unsupported?.({ ...inputs, condition: { title: "t", expression } }, (path) => reported.push(path));
  expect(reported).toEqual(paths);
});
