import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";

/** A variable whose value is read from Secret Manager when an instance starts. */
export interface SecretReference {
  /** The project that holds it. */
  readonly project: pulumi.Input<string>;
  /** The secret's short id. */
  readonly secret: pulumi.Input<string>;
  readonly version: pulumi.Input<string>;
}

/**
 * What a workload's schema asks for, no more and no less: a variable that is missing,
 * misspelt or of no use to the workload does not compile.
 */
export type Environment<Schema extends z.ZodType> = {
  readonly [Variable in keyof z.input<Schema>]-?: pulumi.Input<string> | SecretReference;
};

/** In Cloud Run's shape, in the order of names, so that re-ordering source lines shows no diff. */
export function toEnvs(environment: Readonly<Record<string, pulumi.Input<string> | SecretReference>>) {
  return Object.entries(environment)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) =>
      isSecretReference(value)
        ? { name, valueSource: { secretKeyRef: { secret: value.secret, version: value.version } } }
        : { name, value },
    );
}

/** In Cloud Functions' shape, which keeps secrets apart. */
export function toFunctionEnvironment(
  environment: Readonly<Record<string, pulumi.Input<string> | SecretReference>>,
) {
  const entries = Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    environmentVariables: Object.fromEntries(
      entries.flatMap(([name, value]) => (isSecretReference(value) ? [] : [[name, value]])),
    ),
    secretEnvironmentVariables: entries.flatMap(([key, value]) =>
      isSecretReference(value)
        ? [{ key, projectId: value.project, secret: value.secret, version: value.version }]
        : [],
    ),
  };
}

function isSecretReference(value: pulumi.Input<string> | SecretReference): value is SecretReference {
  return typeof value === "object" && !pulumi.Output.isInstance(value) && "secret" in value;
}
