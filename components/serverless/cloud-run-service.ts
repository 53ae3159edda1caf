import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { BUNDLE } from "../bundling/artefact-format.ts";
import { BUNDLE_ARGS, BUNDLE_COMMANDS } from "../bundling/build-bundle.ts";
import { codeObject } from "./code-object.ts";
import { type Environment, toEnvs } from "./environment.ts";
import type { HostedWorkload } from "./hosted-workload.ts";
import type { WorkloadAddress, WorkloadServiceArgs } from "./workload-args.ts";

/** A workload as a Cloud Run service, from a bundle in Storage or from an image. */
export function makeCloudRunService<Schema extends z.ZodType>(
  name: string,
  { workload, env, ingress, audiences = [], after }: WorkloadServiceArgs<Schema>,
  parent: pulumi.Resource,
): WorkloadAddress {
  const service = new gcp.cloudrunv2.Service(
    name,
    {
      location: workload.region,
      ingress:
        ingress === "internal" ? "INGRESS_TRAFFIC_INTERNAL_ONLY" : "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
      ...(audiences.length > 0 && { customAudiences: [...audiences] }),
      deletionProtection: workload.protect,
      template: {
        serviceAccount: workload.identity.email,
        timeout: `${workload.timeoutSeconds}s`,
        maxInstanceRequestConcurrency: workload.concurrency,
        scaling: { minInstanceCount: workload.minInstances, maxInstanceCount: workload.maxInstances },
        containers: [
          {
            ...codeOf(name, workload, parent),
            envs: toEnvs(env as Environment<z.ZodType>),
            resources: {
              limits: { cpu: String(workload.cpu), memory: workload.memory },
              cpuIdle: true,
              startupCpuBoost: true,
            },
          },
        ],
      },
    },
    { parent, ...(after && { dependsOn: [...after] }) },
  );
  return { serviceName: service.name, uri: service.uri };
}

/** What the container runs. An image knows by itself how it is started. */
function codeOf(
  name: string,
  workload: HostedWorkload,
  parent: pulumi.Resource,
): gcp.types.input.cloudrunv2.ServiceTemplateContainer {
  if (workload.packaging.kind === "image") return { image: workload.packaging.reference };
  const { bucket, name: object, generation } = codeObject(name, workload, BUNDLE, parent);
  return {
    image: "scratch",
    baseImageUri: pulumi.interpolate`${workload.region}-docker.pkg.dev/serverless-runtimes/google-24-full/runtimes/nodejs24`,
    commands: [...BUNDLE_COMMANDS],
    args: [...BUNDLE_ARGS],
    sourceCode: { cloudStorageSource: { bucket, object, generation: generation.apply(String) } },
  };
}
