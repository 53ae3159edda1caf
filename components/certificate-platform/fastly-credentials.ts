import * as pulumi from "@pulumi/pulumi";
import type { SecretReference } from "../serverless/environment.ts";
import { keepSecret } from "../serverless/workload-secret.ts";

export interface FastlyCredentialsArgs {
  readonly apiToken: pulumi.Input<string>;
  /** Who may read the token, by the name of their grant. */
  readonly readers: Readonly<Record<string, pulumi.Input<string>>>;
  /** Whole seconds until a new grant holds. */
  readonly grantDelaySeconds: number;
}

/** Fastly's API token in Secret Manager, for the services that link domains and place certificates. */
export class FastlyCredentials extends pulumi.ComponentResource {
  readonly reference: SecretReference;
  /** An instance that refers to the secret starts only after these. */
  readonly grants: readonly pulumi.Resource[];

  constructor(name: string, args: FastlyCredentialsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:FastlyCredentials", name, {}, opts);

    const { apiToken: value, readers, grantDelaySeconds } = args;
    const { reference, grants } = keepSecret(name, { value, readers, grantDelaySeconds }, this);

    this.reference = reference;
    this.grants = grants;
    this.registerOutputs({});
  }
}
