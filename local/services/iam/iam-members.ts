import type { CitedReport, CitedRules } from "../../../review/rules/rule.ts";
import { nested, type Properties, text } from "../../../review/rules/values.ts";
import type { Draft, KindEntry, ProviderConfig, Surroundings } from "../../provider/kind.ts";
import { REPOSITORY_LOCATION } from "../artifact-registry/rules.ts";
import { FUNCTION_KIND } from "../cloud-run/function-service.ts";
import { SERVICE_LOCATION } from "../cloud-run/rules.ts";
import { SERVICE_KIND } from "../cloud-run/service-settings.ts";
import { googleKinds } from "../google/google-kinds.ts";
import { idIn, lastSegment, projectId, projectOf } from "../google/names.ts";
import { ACCOUNT_KIND } from "./account-kind.ts";
import { unevaluableCondition } from "./conditions.ts";
import { ACCOUNT_GRANT, grantRules, PRINCIPALS, PROJECT_GRANT, SERVICE_GRANT } from "./grant-rules.ts";
import { ROLES } from "./roles.ts";

interface Grants {
  readonly token: string;
  /** The API that grants it. */
  readonly service: string;
  /** Where the granted resource is named, and its kind. */
  readonly references?: KindEntry["references"];
  /** What the roles that can be granted there begin with; any may be on a project. */
  readonly roles?: string;
  readonly rules?: readonly CitedRules[];
  readonly defaults?: NonNullable<KindEntry["defaults"]>;
  /** Whether the resource's policy knows `projectEditor:P` and the like. */
  readonly convenience?: boolean;
  /** The resource's part of the grant's id. */
  on(inputs: Properties): string;
}

/** Grants of one role on one resource to one member, `RESOURCE/ROLE/MEMBER`. */
const GRANTS: readonly Grants[] = [
  {
    token: "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember",
    service: "artifactregistry.googleapis.com",
    references: { repository: ["gcp:artifactregistry/repository:Repository"] },
    roles: "roles/artifactregistry.",
    on: (inputs) =>
      `${projectId(inputs)}/locations/${text(inputs, "location")}/repositories/${lastSegment(text(inputs, "repository"))}`,
    rules: [REPOSITORY_LOCATION],
    defaults: (_inputs, { region }) => (region ? { location: region } : {}),
  },
  {
    token: "gcp:storage/bucketIAMMember:BucketIAMMember",
    service: "storage.googleapis.com",
    references: { bucket: ["gcp:storage/bucket:Bucket"] },
    roles: "roles/storage.",
    convenience: true,
    on: (inputs) => `b/${lastSegment(text(inputs, "bucket"))}`,
  },
  {
    token: "gcp:pubsub/topicIAMMember:TopicIAMMember",
    service: "pubsub.googleapis.com",
    references: { topic: ["gcp:pubsub/topic:Topic"] },
    roles: "roles/pubsub.",
    on: (inputs) => idIn(inputs, "topics", "topic"),
  },
  {
    token: "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember",
    service: "pubsub.googleapis.com",
    references: { subscription: ["gcp:pubsub/subscription:Subscription"] },
    roles: "roles/pubsub.",
    on: (inputs) => idIn(inputs, "subscriptions", "subscription"),
  },
  {
    token: "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
    service: "run.googleapis.com",
    references: { name: [SERVICE_KIND, FUNCTION_KIND] },
    roles: "roles/run.",
    on: (inputs) =>
      text(inputs, "name").startsWith("projects/")
        ? text(inputs, "name")
        : `${projectId(inputs)}/locations/${text(inputs, "location")}/services/${text(inputs, "name")}`,
    rules: [SERVICE_LOCATION, SERVICE_GRANT],
    defaults: serviceLocation,
  },
  {
    token: "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
    service: "cloudkms.googleapis.com",
    references: { cryptoKeyId: ["gcp:kms/cryptoKey:CryptoKey"] },
    roles: "roles/cloudkms.",
    on: (inputs) => text(inputs, "cryptoKeyId"),
  },
  {
    token: "gcp:secretmanager/secretIamMember:SecretIamMember",
    service: "secretmanager.googleapis.com",
    references: { secretId: ["gcp:secretmanager/secret:Secret"] },
    roles: "roles/secretmanager.",
    on: (inputs) => idIn(inputs, "secrets", "secretId"),
  },
  {
    token: "gcp:serviceaccount/iAMMember:IAMMember",
    service: "iam.googleapis.com",
    references: { serviceAccountId: [ACCOUNT_KIND] },
    roles: "roles/iam.",
    on: (inputs) => text(inputs, "serviceAccountId"),
    rules: [ACCOUNT_GRANT],
  },
  {
    token: "gcp:projects/iAMMember:IAMMember",
    service: "cloudresourcemanager.googleapis.com",
    on: (inputs) => lastSegment(text(inputs, "project")),
    rules: [PROJECT_GRANT],
  },
];

export const IAM_MEMBER_KINDS = GRANTS.flatMap(({ service, ...grant }) =>
  googleKinds(import.meta.dirname, [service], [entryOf(grant)]),
);

function entryOf({
  on,
  rules = [],
  references = {},
  roles = "roles/",
  convenience = false,
  ...rest
}: Omit<Grants, "service">): KindEntry {
  return {
    ...rest,
    references,
    rules: [...grantRules({ roles, convenience }), ...rules],
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
      const why = typeof expression === "string" ? unevaluableCondition(expression) : undefined;
      if (why !== undefined) {
        report(
          "condition.expression",
          `must be one that the local IAM can evaluate, of resource.name (${why})`,
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

/** IAM takes no account that does not exist; of those in other projects nothing is known here. */
function refuseAbsentAccount({ id, inputs }: Draft, around: Surroundings, report: CitedReport): void {
  const member = text(inputs, "member");
  const [, email, project] =
    /^serviceAccount:([^@]+@([a-z0-9-]+)\.iam\.gserviceaccount\.com)$/.exec(member) ?? [];
  const own = projectOf({ id, inputs }) ?? around.config.project;
  if (email === undefined || project !== own) return;
  const account = `projects/${project}/serviceAccounts/${email}`;
  if (around.get(ACCOUNT_KIND, account) || around.mayBeElsewhere([ACCOUNT_KIND], account, { id, inputs }))
    return;
  report("member", "must be a service account that exists", PRINCIPALS);
}

/** The service's name, when it is whole, says where it is. */
function serviceLocation({ name }: Properties, config: ProviderConfig): Properties {
  const parts = typeof name === "string" ? name.split("/") : [];
  const [, project, , location] = parts;
  if (parts.length === 6 && project && location) return { project, location };
  return config.region ? { location: config.region } : {};
}
