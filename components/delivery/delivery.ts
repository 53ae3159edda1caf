import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { ACCESSES, type TrustedRepository } from "./access.ts";
import { GithubFederation } from "./github-federation.ts";
import { PROJECT_ROLES, type ProjectRole } from "./project-roles.ts";
import { StateStore } from "./state-store.ts";

/** What an empty project must have on before the rest of this can be made. */
const SERVICES = [
  "cloudkms.googleapis.com",
  "cloudresourcemanager.googleapis.com",
  "iam.googleapis.com",
  "iamcredentials.googleapis.com",
  "serviceusage.googleapis.com",
  "storage.googleapis.com",
  "sts.googleapis.com",
];

export interface DeliveryArgs {
  readonly project: string;
  readonly region: string;
  /** As the stack, and GitHub's environment, are called: at most 16 characters, which the pool's display name has room for. */
  readonly environment: string;
  readonly repository: TrustedRepository;
  /** Members who may read states and their secrets, by a stable name. */
  readonly operators: Readonly<Record<string, pulumi.Input<string>>>;
}

/** What a project needs so that GitHub's workflows can preview, watch and deploy a stack in it: identities without keys, each with the roles that it needs, and a place for the state. */
export class Delivery extends pulumi.ComponentResource {
  readonly providerName: pulumi.Output<string>;
  /** `gs://BUCKET`, for `pulumi login`. */
  readonly backendUrl: pulumi.Output<string>;
  /** `gcpkms://KEY`, for `pulumi stack init --secrets-provider`. */
  readonly secretsProvider: pulumi.Output<string>;

  constructor(name: string, args: DeliveryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:delivery:Delivery", name, args, opts);

    const { project, region, environment, repository, operators } = args;
    if (!/^[a-z][a-z0-9-]{1,15}$/.test(environment)) {
      throw new pulumi.ResourceError(
        `Delivery "${name}": environment must be 2 to 16 lower-case letters, digits and dashes, the first a letter; got "${environment}".`,
        this,
        true,
      );
    }
    const services = SERVICES.map(
      (service) =>
        new gcp.projects.Service(
          `${name}-${service.split(".")[0]}`,
          { service, disableOnDestroy: false },
          { parent: this },
        ),
    );
    const ready = { parent: this, dependsOn: services };

    const federation = new GithubFederation(`${name}-github`, { environment, repository }, ready);
    const state = new StateStore(
      `${name}-state`,
      {
        region,
        readers: {
          preview: federation.member("preview"),
          drift: federation.member("drift"),
          ...Object.fromEntries(
            Object.entries(operators).map(([who, member]) => [`operator-${who}`, member]),
          ),
        },
        writers: { deploy: federation.member("deploy") },
      },
      ready,
    );

    for (const access of ACCESSES) {
      for (const [role, why] of Object.entries(PROJECT_ROLES[access])) {
        const expression = conditionOf(why, state);
        new gcp.projects.IAMMember(
          `${name}-${access}-${role.replace(/^roles\//, "").replace(".", "-")}`,
          {
            project,
            role,
            member: federation.member(access),
            ...(expression && { condition: { title: "Kept in bounds", description: why.why, expression } }),
          },
          ready,
        );
      }
    }

    this.providerName = federation.providerName;
    this.backendUrl = pulumi.interpolate`gs://${state.bucketName}`;
    this.secretsProvider = pulumi.interpolate`gcpkms://${state.keyName}`;
    this.registerOutputs({
      providerName: this.providerName,
      backendUrl: this.backendUrl,
      secretsProvider: this.secretsProvider,
    });
  }
}

/** @see https://cloud.google.com/iam/docs/setting-limits-on-granting-roles */
function conditionOf({ except, grants }: ProjectRole, state: StateStore): pulumi.Input<string> | undefined {
  if (grants) {
    const roles = grants.map((role) => `"${role}"`).join(", ");
    return `api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly([${roles}])`;
  }
  if (except === "state bucket") {
    return pulumi.interpolate`!resource.name.startsWith("projects/_/buckets/${state.bucketName}")`;
  }
  if (except === "state key") return pulumi.interpolate`!resource.name.startsWith("${state.keyRing}")`;
  return undefined;
}
