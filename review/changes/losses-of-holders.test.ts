import { expect, test } from "@jest/globals";
import { previewOf, type StepOf } from "../testing/preview-of.ts";
import { reviewOf } from "./review.ts";

const ALERT = "gcp:monitoring/alertPolicy:AlertPolicy";
const BUCKET = "gcp:storage/bucket:Bucket";
const SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";
const VERSION = "gcp:secretmanager/secretVersion:SecretVersion";
const SERVICE = "gcp:projects/service:Service";
const RECORD = "gcp:dns/recordSet:RecordSet";

const read = (step: StepOf) =>
  reviewOf([previewOf([step])], {
    holdingOf: (type) => (type === BUCKET ? "data" : undefined),
  }).mustRead.flatMap(({ kind, sentence, more }) =>
    [{ kind, sentence }, ...more].map((each) => `${each.kind}: ${each.sentence}`),
  );
const step = (op: string, type: string, before: object = {}, after: object = {}): StepOf => ({
  op,
  type,
  name: "it",
  before,
  ...(op !== "delete" && { after }),
});
const kept = (op: string, type: string): StepOf => ({
  ...step(op, type, { location: "EU" }, { location: "US" }),
  state: { retainOnDelete: true },
});

test.each<[string, StepOf, readonly RegExp[]]>([
  ["a database", step("delete", "gcp:sql/databaseInstance:DatabaseInstance"), [/^deletion: .* holds data/]],
  ["documents", step("replace", "gcp:firestore/database:Database"), [/^replacement: .* holds data/]],
  ["a disk", step("delete", "gcp:compute/disk:Disk"), [/^deletion: .* holds data/]],
  ["a table", step("delete", "gcp:bigquery/table:Table"), [/^deletion: .* holds data/]],
  ["an address", step("delete", "gcp:compute/address:Address"), [/^deletion: .* holds an address/]],
  ["a secret's value", step("delete", VERSION), [/^deletion: .* value/]],
  [
    "a way in",
    step("delete", "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"),
    [/^access: /],
  ],
  ["what an alert counts", step("delete", "gcp:logging/metric:Metric"), [/^alert: /]],
  ["what refuses requests", step("delete", "gcp:compute/securityPolicy:SecurityPolicy"), [/^protection: /]],
  ["an audit log", step("delete", "gcp:projects/iAMAuditConfig:IAMAuditConfig"), [/^protection: /]],
  ["an API", step("delete", SERVICE), [/^deletion: .* off for all/]],
  ["an API that stays on", step("delete", SERVICE, { disableOnDestroy: false }), []],
  ["what nobody knows", step("delete", "acme:index/thing:Thing"), [/^deletion: .* nobody here knows/]],
  [
    "what nobody knows, anew",
    step("replace", "acme:index/thing:Thing"),
    [/^replacement: .* nobody here knows/],
  ],
  [
    "an alert, anew",
    step("replace", ALERT, { displayName: "a" }, { displayName: "b" }),
    [/^alert: .* until another/],
  ],
  [
    "a record, anew",
    step("replace", RECORD, { managedZone: "a", name: "x." }, { managedZone: "b", name: "y." }),
    [/^route: .* because of .*managedZone \(a → b\).*: until another/],
  ],
  [
    "a secret's value that is off",
    step("update", VERSION, { enabled: true }, { enabled: false }),
    [/^access: .*true → false/],
  ],
  ["what the program makes again", step("delete", "gcp:monitoring/dashboard:Dashboard"), []],
  ["a bucket that stays", kept("delete", BUCKET), [/^protection: .* let go of: it stays/]],
  [
    "a bucket that stays beside another",
    kept("replace", BUCKET),
    [/^replacement: .* \(EU → US\).* former one stays/],
  ],
  ["a subscription that stays", kept("delete", SUBSCRIPTION), [/^protection: .* let go of/]],
])("of %s that goes is told what goes with it", (_, lost, expected) => {
  expect(read(lost)).toEqual(expected.map((each) => expect.stringMatching(each)));
});
