import type { Kind, ProviderConfig } from "../kind.ts";
import { iamMember, iamRole } from "../rules/iam.ts";
import { cite, inObject } from "../rules/rule.ts";
import { matching } from "../rules/text.ts";
import { type Properties, text } from "../values.ts";
import { idIn, lastSegment, projectId } from "./names.ts";

const GRANT_RULES = [
  cite("https://cloud.google.com/iam/docs/understanding-roles", { role: iamRole() }),
  cite("https://cloud.google.com/iam/docs/principal-identifiers", { member: iamMember() }),
];

/** Grants of one role on one resource to one member, `RESOURCE/ROLE/MEMBER`. */
export const IAM_MEMBER_KINDS: readonly Kind[] = [
  grant(
    "gcp:storage/bucketIAMMember:BucketIAMMember",
    { bucket: ["gcp:storage/bucket:Bucket"] },
    (inputs) => `b/${lastSegment(text(inputs, "bucket"))}`,
  ),
  grant("gcp:pubsub/topicIAMMember:TopicIAMMember", { topic: ["gcp:pubsub/topic:Topic"] }, (inputs) =>
    idIn(inputs, "topics", "topic"),
  ),
  grant(
    "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember",
    { subscription: ["gcp:pubsub/subscription:Subscription"] },
    (inputs) => idIn(inputs, "subscriptions", "subscription"),
  ),
  {
    ...grant(
      "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
      { name: ["gcp:cloudrunv2/service:Service"] },
      (inputs) =>
        text(inputs, "name").startsWith("projects/")
          ? text(inputs, "name")
          : `${projectId(inputs)}/locations/${text(inputs, "location")}/services/${text(inputs, "name")}`,
    ),
    defaults: serviceLocation,
    rules: [
      ...GRANT_RULES,
      cite("https://www.pulumi.com/registry/packages/gcp/api-docs/cloudrunv2/serviceiammember/#inputs", {
        "": inObject(({ name, location }, report) => {
          if (name === undefined) report("name", "must be set");
          if (location === undefined) report("location", "must be set, on the resource or as gcp:region");
        }),
      }),
    ],
  },
  grant(
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
    { cryptoKeyId: ["gcp:kms/cryptoKey:CryptoKey"] },
    (inputs) => text(inputs, "cryptoKeyId"),
  ),
  grant(
    "gcp:secretmanager/secretIamMember:SecretIamMember",
    { secretId: ["gcp:secretmanager/secret:Secret"] },
    (inputs) => idIn(inputs, "secrets", "secretId"),
  ),
  {
    ...grant(
      "gcp:serviceaccount/iAMMember:IAMMember",
      { serviceAccountId: ["gcp:serviceaccount/account:Account"] },
      (inputs) => text(inputs, "serviceAccountId"),
    ),
    rules: [
      ...GRANT_RULES,
      cite("https://www.pulumi.com/registry/packages/gcp/api-docs/serviceaccount/iammember/#inputs", {
        serviceAccountId: matching(
          /^projects\/[^/]+\/serviceAccounts\/[^/]+$/,
          "must be the account's whole name, projects/P/serviceAccounts/EMAIL",
        ),
      }),
    ],
  },
  grant("gcp:projects/iAMMember:IAMMember", {}, (inputs) => lastSegment(text(inputs, "project"))),
];

function grant(
  token: string,
  references: NonNullable<Kind["references"]>,
  on: (inputs: Properties) => string,
): Kind {
  return {
    token,
    references,
    rules: GRANT_RULES,
    unsupported(inputs, report) {
      if (inputs.condition !== undefined)
        report("condition", "must be absent: the local IAM evaluates no conditions");
    },
    id: (inputs) => `${on(inputs)}/${text(inputs, "role")}/${text(inputs, "member")}`,
  };
}

/** The service's name, when it is whole, says where it is. */
function serviceLocation({ name }: Properties, config: ProviderConfig): Properties {
  const parts = typeof name === "string" ? name.split("/") : [];
  const [, project, , location] = parts;
  if (parts.length === 6 && project && location) return { project, location };
  return config.region ? { location: config.region } : {};
}
