import * as gcp from "@pulumi/gcp";
import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { FUNCTION_SOURCE } from "../bundling/artefact-format.ts";
import { codeObject } from "./code-object.ts";
import { type Environment, toFunctionEnvironment } from "./environment.ts";
import type { FunctionBuilds } from "./function-builds.ts";
import type { WorkloadAddress, WorkloadServiceArgs } from "./workload-args.ts";

const RUNTIME = "nodejs24";
/** What every `main.ts` exports for it. */
const ENTRY_POINT = "handler";

/**
 * A workload as a function of the second generation. Google keeps a Cloud Run service of the same name
 * under it: invokers, load balancers and Pub/Sub deal with that one.
 */
export function makeFunction<Schema extends z.ZodType>(
  name: string,
  { workload, env, ingress, after = [] }: WorkloadServiceArgs<Schema>,
  builds: FunctionBuilds,
  parent: pulumi.Resource,
): WorkloadAddress {
  const { bucket, name: object, generation } = codeObject(name, workload, FUNCTION_SOURCE, parent);
  const made = new gcp.cloudfunctionsv2.Function(
    name,
    {
      location: workload.region,
      buildConfig: {
        runtime: RUNTIME,
        entryPoint: ENTRY_POINT,
        // Left out, the provider sends with a changed object the generation that state holds: the old object's.
        source: { storageSource: { bucket, object, generation } },
        serviceAccount: builds.accountName,
        dockerRepository: builds.repositoryId,
      },
      serviceConfig: {
        serviceAccountEmail: workload.identity.email,
        ingressSettings: ingress === "internal" ? "ALLOW_INTERNAL_ONLY" : "ALLOW_INTERNAL_AND_GCLB",
        allTrafficOnLatestRevision: true,
        timeoutSeconds: workload.timeoutSeconds,
        maxInstanceRequestConcurrency: workload.concurrency,
        availableCpu: String(workload.cpu),
        availableMemory: workload.memory,
        minInstanceCount: workload.minInstances,
        maxInstanceCount: workload.maxInstances,
        ...toFunctionEnvironment(env as Environment<z.ZodType>),
      },
    },
    { parent, protect: workload.protect, dependsOn: [...builds.grants, ...after] },
  );
  return {
    serviceName: made.serviceConfig.apply((config) => (config?.service ?? "").replace(/^.*\//, "")),
    uri: made.serviceConfig.apply((config) => config?.uri ?? ""),
  };
}
