import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { onceGranted } from "../foundation/grant-delay.ts";
import type { SecretReference } from "../serverless/environment.ts";

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

    const secret = new gcp.secretmanager.Secret(name, { replication: { auto: {} } }, { parent: this });
    const version = new gcp.secretmanager.SecretVersion(
      name,
      { secret: secret.id, secretData: args.apiToken },
      { parent: this },
    );
    this.grants = Object.entries(args.readers).map(
      ([reader, member]) =>
        new gcp.secretmanager.SecretIamMember(
          `${name}-reader-${reader}`,
          { secretId: secret.secretId, role: "roles/secretmanager.secretAccessor", member },
          { parent: this },
        ),
    );

    this.reference = {
      project: secret.project,
      secret: secret.secretId,
      version: onceGranted(version.version, {
        madeAt: secret.createTime,
        grants: this.grants,
        delaySeconds: args.grantDelaySeconds,
      }),
    };
    this.registerOutputs({});
  }
}
