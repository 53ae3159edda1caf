import type { Report } from "../../../review/rules/rule.ts";
import { nested, type Properties, text } from "../../../review/rules/values.ts";
import type { KindEntry } from "../../provider/kind.ts";
import { ProviderError } from "../../provider/provider-error.ts";
import { doubtGrants } from "../google/agent-grants.ts";
import { googleKinds } from "../google/google-kinds.ts";
import { projectId } from "../google/names.ts";
import { ACCOUNT_KIND } from "../iam/account-kind.ts";
import { customerKeys } from "../kms/customer-keys.ts";
import { BUCKET_KIND } from "../storage/bucket-settings.ts";
import { NAMING, SUBSCRIPTION_RULES } from "./subscription-rules.ts";
import { SUBSCRIPTION_KIND, subscriptionProblems } from "./subscription-settings.ts";
import { TOPIC_RULES } from "./topic-rules.ts";
import { TOPIC_KIND, topicProblems } from "./topic-settings.ts";

const DAY_SECONDS = 86_400;
const LACKING = "must be absent: the local Pub/Sub cannot do it";

/** Where messages go as files, Pub/Sub itself writes them, unless an account is named that does. */
const doubtBucket = doubtGrants([
  {
    at: "cloudStorageConfig.bucket",
    kind: BUCKET_KIND,
    grants: "gcp:storage/bucketIAMMember:BucketIAMMember",
    grantedAt: "bucket",
    roles: /^roles\/(owner|storage\.(admin|objectAdmin|objectCreator|objectUser|legacyBucketWriter))$/,
    agent: "gcp-sa-pubsub",
    source: "https://cloud.google.com/pubsub/docs/create-cloudstorage-subscription#assign_roles",
  },
]);

const topic: KindEntry = {
  token: TOPIC_KIND,
  autoname: { property: "name", maxLength: 255, source: NAMING },
  ...customerKeys([
    { at: "kmsKeyName", agent: "gcp-sa-pubsub", source: "https://cloud.google.com/pubsub/docs/encryption" },
  ]),
  assigned: { messageStoragePolicy: { allowedPersistenceRegions: [] } },
  rules: TOPIC_RULES,
  unsupported(inputs, report) {
    refuseSet(
      inputs,
      ["ingestionDataSourceSettings", "kmsKeyName", "messageTransforms", "schemaSettings", "tags"],
      report,
    );
  },
  id: (inputs) => `${projectId(inputs)}/topics/${text(inputs, "name")}`,
  outputs: ({ id, inputs }) => refuseProblems(topicProblems(id, inputs)),
};

const subscription: KindEntry = {
  token: SUBSCRIPTION_KIND,
  holds: "data",
  autoname: { property: "name", maxLength: 255, source: NAMING },
  references: {
    topic: [TOPIC_KIND],
    "deadLetterPolicy.deadLetterTopic": [TOPIC_KIND],
    "pushConfig.oidcToken.serviceAccountEmail": [ACCOUNT_KIND],
    "bigqueryConfig.serviceAccountEmail": [ACCOUNT_KIND],
    "cloudStorageConfig.serviceAccountEmail": [ACCOUNT_KIND],
  },
  defaults: () => ({ messageRetentionDuration: `${7 * DAY_SECONDS}s` }),
  assigned: { ackDeadlineSeconds: 10, expirationPolicy: { ttl: `${31 * DAY_SECONDS}s` } },
  rules: SUBSCRIPTION_RULES,
  doubt(draft, around, report) {
    const { serviceAccountEmail } = nested(draft.inputs, "cloudStorageConfig");
    if (serviceAccountEmail === undefined) doubtBucket(draft, around, report);
  },
  unsupported(inputs, report) {
    refuseSet(
      inputs,
      ["bigqueryConfig", "bigtableConfig", "cloudStorageConfig", "filter", "messageTransforms", "tags"],
      report,
    );
    for (const property of ["enableMessageOrdering", "enableExactlyOnceDelivery", "retainAckedMessages"]) {
      if (inputs[property] === true) report(property, "must be false: the local Pub/Sub cannot do it");
    }
    const { ttl } = nested(inputs, "expirationPolicy");
    if (typeof ttl === "string" && ttl !== "") {
      report("expirationPolicy.ttl", 'must be "": the local Pub/Sub does not expire subscriptions');
    }
    if (nested(inputs, "pushConfig").noWrapper !== undefined) report("pushConfig.noWrapper", LACKING);
  },
  id: (inputs) => `${projectId(inputs)}/subscriptions/${text(inputs, "name")}`,
  outputs: ({ id, inputs }) => refuseProblems(subscriptionProblems(id, inputs)),
};

export const PUBSUB_KINDS = googleKinds(
  import.meta.dirname,
  ["pubsub.googleapis.com"],
  [topic, subscription],
);

function refuseSet(inputs: Properties, properties: readonly string[], report: Report): void {
  for (const property of properties) {
    if (inputs[property] !== undefined && inputs[property] !== "") report(property, LACKING);
  }
}

/** What Pub/Sub would silently not serve is not made at all. */
function refuseProblems(problems: readonly string[]): Properties {
  if (problems.length > 0) throw new ProviderError("INVALID_ARGUMENT", problems.join(" "));
  return {};
}
