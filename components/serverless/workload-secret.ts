import * as gcp from "@pulumi/gcp";
import type * as pulumi from "@pulumi/pulumi";
import { onceGranted } from "../foundation/grant-delay.ts";
import type { SecretReference } from "./environment.ts";

export interface WorkloadSecretArgs {
  readonly value: pulumi.Input<string>;
  /** Who may read it, by the name of their grant. */
  readonly readers: Readonly<Record<string, pulumi.Input<string>>>;
  /** Whole seconds until a new grant holds. */
  readonly grantDelaySeconds: number;
}

/** A secret for environments, and the grants that must stand before an instance which refers to it can start. */
export interface WorkloadSecret {
  readonly reference: SecretReference;
  readonly grants: readonly pulumi.Resource[];
}

/** Keeps a value in Secret Manager, for workloads that may read it. */
export function keepSecret(
  name: string,
  { value, readers, grantDelaySeconds }: WorkloadSecretArgs,
  parent: pulumi.Resource,
): WorkloadSecret {
  const secret = new gcp.secretmanager.Secret(name, { replication: { auto: {} } }, { parent });
  const version = new gcp.secretmanager.SecretVersion(
    name,
    { secret: secret.id, secretData: value },
    { parent },
  );
  const grants = Object.entries(readers).map(
    ([reader, member]) =>
      new gcp.secretmanager.SecretIamMember(
        `${name}-reader-${reader}`,
        { secretId: secret.secretId, role: "roles/secretmanager.secretAccessor", member },
        { parent },
      ),
  );
  const reference = {
    project: secret.project,
    secret: secret.secretId,
    version: onceGranted(version.version, {
      madeAt: secret.createTime,
      grants,
      delaySeconds: grantDelaySeconds,
    }),
  };
  return { reference, grants };
}
