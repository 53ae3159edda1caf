import { expect, test } from "@jest/globals";
import { UNKNOWN } from "../preview/stack-preview.ts";
import { previewOf, type StepOf, urnOf } from "../testing/preview-of.ts";
import { reviewOf } from "./review.ts";

const BUCKET = "gcp:storage/bucket:Bucket";
const ACCOUNT = "gcp:serviceaccount/account:Account";
const POOL = "gcp:iam/workloadIdentityPool:WorkloadIdentityPool";
const MEMBER = "gcp:storage/bucketIAMMember:BucketIAMMember";
const BINDING = "gcp:storage/bucketIAMBinding:BucketIAMBinding";
const OWN = "serviceAccount:a@p.iam.gserviceaccount.com";
const ROLE = "roles/storage.objectViewer";

const sentences = (steps: readonly StepOf[]) =>
  reviewOf([previewOf(steps)], {
    holdingOf: (type) => (type === BUCKET ? "data" : undefined),
  }).mustRead.flatMap(({ kind, sentence, more }) =>
    [{ kind, sentence }, ...more].map((each) => `${each.kind}: ${each.sentence}`),
  );
const account: StepOf = {
  op: "same",
  type: ACCOUNT,
  name: "a",
  before: { accountId: "a", project: "p" },
  after: { accountId: "a", project: "p" },
};
const by = (input: string, type: string, name: string) => ({
  propertyDependencies: { [input]: [urnOf(type, name)] },
});
const update = (type: string, before: object, after: object, state: object = {}): StepOf => {
  return { op: "update", type, name: "it", before, after, state };
};
const binding = (members: readonly string[], condition?: string) => ({
  bucket: "b",
  role: ROLE,
  members,
  ...(condition !== undefined && { condition: { title: "t", expression: condition } }),
});
const policy = (...members: readonly string[]) => ({
  bucket: "b",
  policyData: JSON.stringify({ bindings: [{ role: ROLE, members }] }),
});
const set = (value: string) => ({
  bucket: "b",
  role: ROLE,
  member: `principalSet://iam.googleapis.com/projects/1/x/attribute.access/${value}`,
});
const EIGHT = ["1", "2", "3", "4", "5", "6", "7"].map((name) => `user:${name}@p.test`);
const LONG = `request.time < timestamp("2030-01-01T00:00:00Z") && ${"x == y && ".repeat(15)}`;

test.each<[string, StepOf, string | RegExp]>([
  [
    "another attribute of the same pool",
    update(MEMBER, set("deploy"), set("preview"), by("member", POOL, "github")),
    /^access: Grants .*attribute.access\/preview" instead of .*attribute.access\/deploy"\.$/,
  ],
  [
    "a stranger beside the program's own account",
    update(BINDING, binding([OWN]), binding([OWN, "user:mallory@evil.test"]), by("members", ACCOUNT, "a")),
    `access: Grants ${ROLE} on bucket "b" to user "mallory@evil.test".`,
  ],
  [
    "an account of another project with the same id",
    update(
      BINDING,
      binding([OWN]),
      binding(["serviceAccount:a@evil.iam.gserviceaccount.com"]),
      by("members", ACCOUNT, "a"),
    ),
    `access: Grants ${ROLE} on bucket "b" to service account "a@evil.iam.gserviceaccount.com" instead of service account "a".`,
  ],
  [
    "the last of many members",
    update(BINDING, binding([...EIGHT, "user:8@p.test"]), binding([...EIGHT, "user:9@p.test"])),
    `access: Grants ${ROLE} on bucket "b" to user "9@p.test" instead of user "8@p.test".`,
  ],
  [
    "the end of a long condition",
    update(BINDING, binding([OWN], `${LONG}a`), binding([OWN], `${LONG}b`)),
    /^access: Grants .*, if ….* && b instead of if ….* && a\.$/,
  ],
  [
    "a condition that goes",
    update(BINDING, binding([OWN], "a == b"), binding([OWN])),
    /^access: Grants .*, without the condition "a == b"\.$/,
  ],
  [
    "all by a whole policy",
    update("gcp:storage/bucketIAMPolicy:BucketIAMPolicy", policy(OWN), policy(OWN, "allUsers")),
    /^public: Grants .*everybody on the internet/,
  ],
  [
    "all instead of all with an account",
    update(BINDING, binding(["allAuthenticatedUsers"]), binding(["allUsers"])),
    /^public: /,
  ],
  [
    "only those with an account",
    update(BINDING, binding(["allUsers"]), binding(["allAuthenticatedUsers"])),
    /^access: /,
  ],
  [
    "all on another bucket",
    {
      ...update(
        MEMBER,
        { bucket: "a", role: ROLE, member: "allUsers" },
        { bucket: "b", role: ROLE, member: "allUsers" },
      ),
      op: "replace",
    },
    /^public: .* on bucket "b" to everybody .*, which replaces .* on bucket "a"/,
  ],
  [
    "all by a list of a bucket",
    {
      op: "create",
      type: "gcp:storage/bucketAccessControl:BucketAccessControl",
      name: "it",
      after: { bucket: "b", role: "READER", entity: "allUsers" },
    },
    'public: Grants READER on bucket "b" to everybody on the internet (allUsers).',
  ],
  [
    "all by a dataset",
    update(
      "gcp:bigquery/dataset:Dataset",
      { datasetId: "d", accesses: [] },
      { datasetId: "d", accesses: [{ role: "READER", specialGroup: "allAuthenticatedUsers" }] },
    ),
    'public: Grants READER on dataset "it" to everybody with a Google account (allAuthenticatedUsers).',
  ],
  [
    "all by an access of a dataset",
    {
      op: "create",
      type: "gcp:bigquery/datasetAccess:DatasetAccess",
      name: "it",
      after: { datasetId: "d", role: "READER", iamMember: "allUsers" },
    },
    /^public: Grants READER on dataset "d" to everybody/,
  ],
  [
    "a permission of a role",
    update(
      "gcp:projects/iAMCustomRole:IAMCustomRole",
      { permissions: ["a.b.get"] },
      { permissions: ["a.b.get", "a.b.setIamPolicy"] },
    ),
    /^access: .* could also do a\.b\.setIamPolicy\.$/,
  ],
  [
    "whom a pool trusts",
    update(
      "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
      { attributeCondition: "a == b" },
      { attributeCondition: "true" },
    ),
    /^public: .*whoever its issuer knows/,
  ],
  [
    "a rule that allows all",
    update(
      "gcp:compute/securityPolicyRule:SecurityPolicyRule",
      { action: "deny(403)", match: { config: { srcIpRanges: ["*"] } } },
      { action: "allow", match: { config: { srcIpRanges: ["*"] } } },
    ),
    /^public: /,
  ],
  [
    "an expression that allows all",
    update(
      "gcp:compute/securityPolicy:SecurityPolicy",
      { rules: [] },
      { rules: [{ action: "allow", match: { expr: { expression: "true" } } }] },
    ),
    /^public: /,
  ],
  [
    "a proxy that asked who it was",
    update(
      "gcp:compute/backendService:BackendService",
      { securityPolicy: "s", iap: { enabled: true } },
      { securityPolicy: "s" },
    ),
    /^public: .*Identity-Aware Proxy is off/,
  ],
  [
    "an address past the load balancer",
    update("gcp:cloudrunv2/service:Service", { ingress: "x", defaultUriDisabled: true }, { ingress: "x" }),
    /^public: .*run\.app/,
  ],
])("%s is told by who and what", (_, step, expected) => {
  expect(sentences([account, step])[0]).toEqual(
    typeof expected === "string" ? expected : expect.stringMatching(expected),
  );
});

test("a grant made anew since its account or bucket is, grants nothing else", () => {
  const state = {
    propertyDependencies: { member: [urnOf(ACCOUNT, "a")], bucket: [urnOf(BUCKET, "b")] },
  };
  const after = { bucket: UNKNOWN, role: ROLE, member: `serviceAccount:${UNKNOWN}` };
  const step = { ...update(MEMBER, { bucket: "b", role: ROLE, member: OWN }, after, state), op: "replace" };
  expect(sentences([account, step])).toEqual([]);
});

test.each([
  ["media", "media-eu", "user:a@p.test", 1],
  ["media", "public", "user:a@p.test", 3],
  ["media", "media-eu", "allUsers", 3],
])("of %s that becomes %s, a grant to %s is hidden only if nobody gets more", (old, next, member, told) => {
  const grant = (op: string, bucket: string): StepOf => ({
    op,
    type: MEMBER,
    name: `${bucket}-readers`,
    [op === "delete" ? "before" : "after"]: { bucket, role: ROLE, member },
    state: by("bucket", BUCKET, bucket),
  });
  const closed = { publicAccessPrevention: "enforced", uniformBucketLevelAccess: true };
  const steps: readonly StepOf[] = [
    { op: "create", type: BUCKET, name: next, after: closed },
    grant("create", next),
    { op: "delete", type: BUCKET, name: old, before: closed },
    grant("delete", old),
  ];
  const found = sentences(steps);
  const grants = found.filter((each) => /Grants/.test(each));
  expect(grants).toHaveLength(told === 1 ? 0 : 1);
  expect(grants.every((each) => each.startsWith(member === "allUsers" ? "public" : "access"))).toBe(true);
});
