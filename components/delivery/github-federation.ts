import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { type Access, accessOf, conditionOf, type TrustedRepository } from "./access.ts";

const ISSUER = "https://token.actions.githubusercontent.com";

export interface GithubFederationArgs {
  /** GitHub's environment of that name approves what is deployed. */
  readonly environment: string;
  readonly repository: TrustedRepository;
}

/**
 * Lets workflows of one GitHub repository act on the project without a key: directly, with no service account between.
 *
 * One provider in one pool, so that a workflow's run has one name in audit logs; what it may do follows from the
 * attribute `access`, of which a token has exactly one.
 *
 * @see https://github.com/google-github-actions/auth#preferred-direct-workload-identity-federation
 */
export class GithubFederation extends pulumi.ComponentResource {
  /** `projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/github`, for google-github-actions/auth. */
  readonly providerName: pulumi.Output<string>;
  readonly #poolName: pulumi.Output<string>;

  constructor(name: string, args: GithubFederationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:delivery:GithubFederation", name, args, opts);

    const { environment, repository } = args;
    const pool = new gcp.iam.WorkloadIdentityPool(
      name,
      { workloadIdentityPoolId: `github-${environment}`, displayName: `GitHub Actions, ${environment}` },
      // An id stays taken for 30 days once it is deleted.
      { parent: this, protect: true },
    );
    const provider = new gcp.iam.WorkloadIdentityPoolProvider(
      `${name}-provider`,
      {
        workloadIdentityPoolId: pool.workloadIdentityPoolId,
        workloadIdentityPoolProviderId: "github",
        displayName: "GitHub Actions",
        oidc: { issuerUri: ISSUER },
        attributeMapping: {
          // Not `sub`, which is made of names, and longer than the 127 bytes that there are for some of them.
          "google.subject": `"repository:" + assertion.repository_id + ":run:" + assertion.run_id`,
          "attribute.access": accessOf(environment, repository),
          "attribute.actor": "assertion.actor_id",
        },
        attributeCondition: conditionOf(repository),
      },
      { parent: this },
    );

    this.providerName = provider.name;
    this.#poolName = pool.name;
    this.registerOutputs({ providerName: this.providerName });
  }

  /** All runs of workflows with this access, as grants call them. */
  member(access: Access): pulumi.Output<string> {
    return pulumi.interpolate`principalSet://iam.googleapis.com/${this.#poolName}/attribute.access/${access}`;
  }
}
