import type { CloudResource, Iam as IamContract, Principal, ResourceStore } from "../../kernel/contract.ts";
import { objectOf, textOf } from "../../kernel/property-values.ts";
import { PermissionDenied } from "../../kernel/refusals.ts";
import { type Condition, conditionOf } from "./conditions.ts";
import { ROLES } from "./roles.ts";

interface Grant {
  readonly id: string;
  readonly role: string;
  readonly member: string;
  /** The resource that it is on, in Iam's naming; a project's covers all in it. */
  readonly on: string;
  /** None: it always holds. */
  readonly condition: Condition | undefined;
}

/** Where each kind of grant says what it is on. */
const GRANTED_ON: Readonly<Record<string, (properties: Readonly<Record<string, unknown>>) => string>> = {
  "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": ({ project, location, repository }) =>
    full(project, `locations/${location}/repositories`, repository),
  "gcp:storage/bucketIAMMember:BucketIAMMember": ({ bucket }) => `buckets/${lastSegment(bucket)}`,
  "gcp:pubsub/topicIAMMember:TopicIAMMember": ({ project, topic }) => full(project, "topics", topic),
  "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember": ({ project, subscription }) =>
    full(project, "subscriptions", subscription),
  "gcp:cloudrunv2/serviceIamMember:ServiceIamMember": ({ project, location, name }) =>
    full(project, `locations/${location}/services`, name),
  "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": ({ cryptoKeyId }) => String(cryptoKeyId),
  "gcp:secretmanager/secretIamMember:SecretIamMember": ({ project, secretId }) =>
    full(project, "secrets", secretId),
  "gcp:serviceaccount/iAMMember:IAMMember": ({ serviceAccountId }) => String(serviceAccountId),
  "gcp:projects/iAMMember:IAMMember": ({ project }) => `projects/${lastSegment(project)}`,
};

/** Pulumi's type tokens of all grants. */
export const GRANT_KINDS: readonly string[] = Object.keys(GRANTED_ON);

/** Enforces the grants that the program made: nothing is allowed that no `*IAMMember` resource allows. */
export class Iam implements IamContract {
  readonly #resources: ResourceStore;
  readonly #off = new Set<string>();
  #grants: readonly Grant[] | undefined;

  constructor(resources: ResourceStore) {
    this.#resources = resources;
    resources.subscribe((kind) => {
      if (kind in GRANTED_ON) this.#grants = undefined;
    });
  }

  require(principal: Principal, permission: string, resource: string): void {
    if (!this.allows(principal, permission, resource)) {
      throw new PermissionDenied(principal.email, permission, resource);
    }
  }

  allows(principal: Principal | undefined, permission: string, resource: string): boolean {
    const members = principal ? ["allUsers", "allAuthenticatedUsers", ...membersOf(principal)] : ["allUsers"];
    return this.#all().some(
      (grant) =>
        !this.#off.has(grant.id) &&
        members.includes(grant.member) &&
        (grant.on === resource || isProjectOf(grant.on, resource)) &&
        (grant.condition === undefined || grant.condition(resource)) &&
        (ROLES[grant.role]?.includes(permission) ?? false),
    );
  }

  switchOff(grantId: string): void {
    if (!this.#all().some(({ id }) => id === grantId)) throw new Error(`No grant has the id "${grantId}".`);
    this.#off.add(grantId);
  }

  switchOn(grantId: string): void {
    this.#off.delete(grantId);
  }

  /** The ids of all grants in the live table. */
  grants(): readonly string[] {
    return this.#all().map(({ id }) => id);
  }

  #all(): readonly Grant[] {
    this.#grants ??= Object.entries(GRANTED_ON).flatMap(([kind, on]) =>
      this.#resources.list(kind).map((resource) => toGrant(resource, on)),
    );
    return this.#grants;
  }
}

function membersOf({ email, members = [`serviceAccount:${email}`] }: Principal): readonly string[] {
  return members;
}

function toGrant(
  { id, properties }: CloudResource,
  on: (p: Readonly<Record<string, unknown>>) => string,
): Grant {
  const expression = textOf(objectOf(properties.condition).expression);
  return {
    id,
    role: String(properties.role),
    member: String(properties.member),
    on: on(properties),
    condition: expression === undefined ? undefined : conditionOf(expression),
  };
}

/** Buckets have no project in their name; the one project of this cloud has them all. */
function isProjectOf(project: string, resource: string): boolean {
  return (
    /^projects\/[^/]+$/.test(project) &&
    (resource.startsWith(`${project}/`) || resource.startsWith("buckets/"))
  );
}

/** The SDK takes a bare name or the whole one. */
function full(project: unknown, collection: string, name: unknown): string {
  return String(name).startsWith("projects/")
    ? String(name)
    : `projects/${lastSegment(project)}/${collection}/${name}`;
}

function lastSegment(value: unknown): string {
  return String(value).slice(String(value).lastIndexOf("/") + 1);
}
