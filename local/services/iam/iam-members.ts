import { brokenExpression } from "../../../review/rules/brackets.ts";
import { iamMember, iamRoleName } from "../../../review/rules/google/iam.ts";
import { predefinedRole } from "../../../review/rules/google/predefined-roles.ts";
import { presence } from "../../../review/rules/presence.ts";
import {
  type CitedReport,
  type CitedRules,
  cite,
  inObject,
  ofText,
  type Report,
} from "../../../review/rules/rule.ts";
import { characters, matching } from "../../../review/rules/text.ts";
import { nested, type Properties, text } from "../../../review/rules/values.ts";
import type { Draft, Kind, ProviderConfig, Surroundings } from "../../provider/kind.ts";
import { projectOf } from "../../provider/prerequisites.ts";
import { REPOSITORY_LOCATION } from "../artifact-registry/kinds.ts";
import { FUNCTION_KIND } from "../cloud-run/function-service.ts";
import { SERVICE_LOCATION } from "../cloud-run/rules.ts";
import { SERVICE_KIND } from "../cloud-run/service-settings.ts";
import { idIn, lastSegment, projectId } from "../google/names.ts";
import { bucketPrefix } from "./conditions.ts";
import { ROLES } from "./roles.ts";

interface Grants {
  readonly token: string;
  /** Where the granted resource is named, and its kind. */
  readonly references?: Kind["references"];
  /** What the roles that can be granted there begin with; any may be on a project. */
  readonly roles?: string;
  /** Whether the resource's policy knows `projectEditor:P` and the like. */
  readonly convenience?: boolean;
  /** The resource's part of the grant's id. */
  on(inputs: Properties): string;
}

const ACCOUNT = "gcp:serviceaccount/account:Account";
const PRINCIPALS = "https://cloud.google.com/iam/docs/principal-identifiers";
const EVERYONE = ["allUsers", "allAuthenticatedUsers"];

/** Grants of one role on one resource to one member, `RESOURCE/ROLE/MEMBER`. */
export const IAM_MEMBER_KINDS: readonly Kind[] = [
  {
    ...grant(
      {
        token: "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember",
        references: { repository: ["gcp:artifactregistry/repository:Repository"] },
        roles: "roles/artifactregistry.",
        on: (inputs) =>
          `${projectId(inputs)}/locations/${text(inputs, "location")}/repositories/${lastSegment(text(inputs, "repository"))}`,
      },
      REPOSITORY_LOCATION,
    ),
    defaults: (_inputs, { region }) => (region ? { location: region } : {}),
  },
  grant({
    token: "gcp:storage/bucketIAMMember:BucketIAMMember",
    references: { bucket: ["gcp:storage/bucket:Bucket"] },
    roles: "roles/storage.",
    convenience: true,
    on: (inputs) => `b/${lastSegment(text(inputs, "bucket"))}`,
  }),
  grant({
    token: "gcp:pubsub/topicIAMMember:TopicIAMMember",
    references: { topic: ["gcp:pubsub/topic:Topic"] },
    roles: "roles/pubsub.",
    on: (inputs) => idIn(inputs, "topics", "topic"),
  }),
  grant({
    token: "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember",
    references: { subscription: ["gcp:pubsub/subscription:Subscription"] },
    roles: "roles/pubsub.",
    on: (inputs) => idIn(inputs, "subscriptions", "subscription"),
  }),
  {
    ...grant(
      {
        token: "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
        references: { name: [SERVICE_KIND, FUNCTION_KIND] },
        roles: "roles/run.",
        on: (inputs) =>
          text(inputs, "name").startsWith("projects/")
            ? text(inputs, "name")
            : `${projectId(inputs)}/locations/${text(inputs, "location")}/services/${text(inputs, "name")}`,
      },
      SERVICE_LOCATION,
      cite("https://www.pulumi.com/registry/packages/gcp/api-docs/cloudrunv2/serviceiammember/#inputs", {
        "": inObject(({ name, location }, report) => {
          if (name === undefined) report("name", "must be set");
          if (location === undefined) report("location", "must be set, on the resource or as gcp:region");
        }),
      }),
    ),
    defaults: serviceLocation,
  },
  grant({
    token: "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
    references: { cryptoKeyId: ["gcp:kms/cryptoKey:CryptoKey"] },
    roles: "roles/cloudkms.",
    on: (inputs) => text(inputs, "cryptoKeyId"),
  }),
  grant({
    token: "gcp:secretmanager/secretIamMember:SecretIamMember",
    references: { secretId: ["gcp:secretmanager/secret:Secret"] },
    roles: "roles/secretmanager.",
    on: (inputs) => idIn(inputs, "secrets", "secretId"),
  }),
  grant(
    {
      token: "gcp:serviceaccount/iAMMember:IAMMember",
      references: { serviceAccountId: [ACCOUNT] },
      roles: "roles/iam.",
      on: (inputs) => text(inputs, "serviceAccountId"),
    },
    cite("https://www.pulumi.com/registry/packages/gcp/api-docs/serviceaccount/iammember/#inputs", {
      serviceAccountId: matching(
        /^projects\/[^/]+\/serviceAccounts\/[^/]+$/,
        "must be the account's whole name, projects/P/serviceAccounts/EMAIL",
      ),
    }),
  ),
  grant(
    {
      token: "gcp:projects/iAMMember:IAMMember",
      on: (inputs) => lastSegment(text(inputs, "project")),
    },
    cite("https://cloud.google.com/resource-manager/reference/rest/v3/projects/setIamPolicy", {
      member: ofText((member) =>
        EVERYONE.includes(member) ? "must be a principal: a project can't be granted to everyone" : undefined,
      ),
      "": inObject(checkOwner),
    }),
  ),
];

function grant(
  { token, references = {}, roles = "roles/", convenience = false, on }: Grants,
  ...own: CitedRules[]
): Kind {
  return {
    token,
    references,
    rules: [
      cite("https://cloud.google.com/iam/docs/roles-overview", { role: iamRoleName() }),
      cite("https://cloud.google.com/iam/docs/viewing-grantable-roles", { role: grantable(roles) }),
      cite("https://cloud.google.com/iam/docs/understanding-roles", { role: predefinedRole() }),
      cite(PRINCIPALS, { member: iamMember({ convenience }) }),
      cite("https://cloud.google.com/iam/docs/conditions-overview", {
        "condition.title": characters({ from: 1, to: 100 }),
        "condition.description": characters({ to: 256 }),
        "condition.expression": [
          characters({ from: 1, to: 12_000 }),
          ofText((expression) => brokenExpression(expression, /\/\/[^\n]*/g)),
        ],
        "": inObject(checkCondition),
      }),
      ...own,
    ],
    repeatable: true,
    verify: refuseAbsentAccount,
    unsupported(inputs, report) {
      const { role } = inputs;
      if (typeof role === "string" && role.startsWith("roles/") && !Object.hasOwn(ROLES, role)) {
        report(
          "role",
          "must be a role whose permissions the local IAM knows: local/services/iam/roles.ts lists them",
        );
      }
      const { expression } = nested(inputs, "condition");
      if (typeof expression === "string" && bucketPrefix(expression) === undefined) {
        report(
          "condition.expression",
          'must be resource.name.startsWith("projects/_/buckets/PREFIX"): the local IAM evaluates no other condition',
        );
      }
    },
    id: (inputs) => {
      const { title } = nested(inputs, "condition");
      const condition = typeof title === "string" ? `/${title}` : "";
      return `${on(inputs)}/${text(inputs, "role")}/${text(inputs, "member")}${condition}`;
    },
  };
}

/** Roles that can be granted on a resource are those of its service, basic ones, and one's own. */
function grantable(prefix: string) {
  return ofText((role) =>
    !role.startsWith("roles/") || role.startsWith(prefix) || /^roles\/(owner|editor|viewer)$/.test(role)
      ? undefined
      : `must be a role that can be granted on this resource, as those of ${prefix}* can`,
  );
}

function checkCondition({ condition, role, member }: Properties, report: Report): void {
  if (presence(condition) !== "set") return;
  if (typeof role === "string" && /^roles\/(owner|editor|viewer)$/.test(role)) {
    report("condition", `must be absent where role is ${role}`);
  }
  if (typeof member === "string" && EVERYONE.includes(member)) {
    report("condition", `must be absent where member is ${member}`);
  }
}

/** Whole domains and federated identities own no project. */
function checkOwner({ role, member }: Properties, report: Report): void {
  if (role === "roles/owner" && typeof member === "string" && !/^(user|serviceAccount|group):/.test(member)) {
    report("member", "must be a user, a service account or a group where role is roles/owner");
  }
}

/** IAM takes no account that does not exist; of those in other projects nothing is known here. */
function refuseAbsentAccount({ id, inputs }: Draft, around: Surroundings, report: CitedReport): void {
  const member = text(inputs, "member");
  const [, email, project] =
    /^serviceAccount:([^@]+@([a-z0-9-]+)\.iam\.gserviceaccount\.com)$/.exec(member) ?? [];
  const own = projectOf({ id, inputs }) ?? around.home;
  if (email === undefined || project !== own) return;
  const account = `projects/${project}/serviceAccounts/${email}`;
  if (around.get(ACCOUNT, account) || around.mayBeElsewhere([ACCOUNT], account, own)) return;
  report("member", "must be a service account that exists", PRINCIPALS);
}

/** The service's name, when it is whole, says where it is. */
function serviceLocation({ name }: Properties, config: ProviderConfig): Properties {
  const parts = typeof name === "string" ? name.split("/") : [];
  const [, project, , location] = parts;
  if (parts.length === 6 && project && location) return { project, location };
  return config.region ? { location: config.region } : {};
}
