import { ROLES } from "../../cloud/iam/roles.ts";
import type { Kind, ProviderConfig, Report } from "../kind.ts";
import { type Properties, text } from "../values.ts";
import { idIn, lastSegment, projectId } from "./names.ts";

/** @see https://cloud.google.com/iam/docs/principal-identifiers */
const MEMBER =
  /^(allUsers|allAuthenticatedUsers|(user|serviceAccount|group):[^\s@:]+@[^\s@:]+\.[^\s@:]+|domain:[^\s@:]+\.[^\s@:]+|project(Owner|Editor|Viewer):[a-z0-9-]+|serviceAccount:[a-z0-9.:-]+\.svc\.id\.goog\[[^\]]+\]|principal(Set)?:\/\/iam\.googleapis\.com\/\S+)$/;

/** Grants of one role on one resource to one member, `RESOURCE/ROLE/MEMBER`. */
export const IAM_MEMBER_KINDS: readonly Kind[] = [
  grant(
    "gcp:storage/bucketIAMMember:BucketIAMMember",
    (inputs) => `b/${lastSegment(text(inputs, "bucket"))}`,
  ),
  grant("gcp:pubsub/topicIAMMember:TopicIAMMember", (inputs) => idIn(inputs, "topics", "topic")),
  grant("gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember", (inputs) =>
    idIn(inputs, "subscriptions", "subscription"),
  ),
  {
    ...grant("gcp:cloudrunv2/serviceIamMember:ServiceIamMember", (inputs) =>
      text(inputs, "name").startsWith("projects/")
        ? text(inputs, "name")
        : `${projectId(inputs)}/locations/${text(inputs, "location")}/services/${text(inputs, "name")}`,
    ),
    defaults: serviceLocation,
    check(inputs, report) {
      checkGrant(inputs, report);
      if (inputs.name === undefined) report("name", "must be set");
      if (inputs.location === undefined) report("location", "must be set, on the resource or as gcp:region");
    },
  },
  grant("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember", (inputs) => text(inputs, "cryptoKeyId")),
  grant("gcp:secretmanager/secretIamMember:SecretIamMember", (inputs) => idIn(inputs, "secrets", "secretId")),
  {
    ...grant("gcp:serviceaccount/iAMMember:IAMMember", (inputs) => text(inputs, "serviceAccountId")),
    check(inputs, report) {
      checkGrant(inputs, report);
      const account = inputs.serviceAccountId;
      if (typeof account === "string" && !/^projects\/[^/]+\/serviceAccounts\/[^/]+$/.test(account)) {
        report("serviceAccountId", "must be the account's whole name, projects/P/serviceAccounts/EMAIL");
      }
    },
  },
  grant("gcp:projects/iAMMember:IAMMember", (inputs) => lastSegment(text(inputs, "project"))),
];

function grant(token: string, on: (inputs: Properties) => string): Kind {
  return {
    token,
    check: checkGrant,
    unsupported(inputs, report) {
      if (inputs.condition !== undefined)
        report("condition", "must be absent: the local IAM evaluates no conditions");
    },
    id: (inputs) => `${on(inputs)}/${text(inputs, "role")}/${text(inputs, "member")}`,
  };
}

function checkGrant({ role, member }: Properties, report: Report): void {
  if (typeof role === "string" && !Object.hasOwn(ROLES, role)) {
    report("role", "must be a role that local/cloud/iam/roles.ts lists with its permissions");
  }
  if (typeof member === "string" && !MEMBER.test(member)) {
    report("member", "must be allUsers, allAuthenticatedUsers, or a principal such as serviceAccount:EMAIL");
  }
}

/** The service's name, when it is whole, says where it is. */
function serviceLocation({ name }: Properties, config: ProviderConfig): Properties {
  const parts = typeof name === "string" ? name.split("/") : [];
  const [, project, , location] = parts;
  if (parts.length === 6 && project && location) return { project, location };
  return config.region ? { location: config.region } : {};
}
