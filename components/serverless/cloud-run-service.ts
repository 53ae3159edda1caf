import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { BUNDLE } from "../bundling/artefact-format.ts";
import { BUNDLE_ARGS, BUNDLE_COMMANDS } from "../bundling/build-bundle.ts";
import { codeObject } from "./code-object.ts";
import { type Environment, toEnvs } from "./environment.ts";
import type { Packaging } from "./packaging.ts";
import type { WorkloadAddress, WorkloadServiceArgs } from "./workload-args.ts";

/** Four times what the largest workload needs idle; Cloud Run's second generation takes no less. */
const MEMORY = "512Mi";

export interface CloudRunServiceArgs<Schema extends z.ZodType> extends WorkloadServiceArgs<Schema> {
  readonly packaging: Exclude<Packaging, { kind: "function" }>;
}

/** A workload as a Cloud Run service, from a bundle in Storage or from an image. */
export function makeCloudRunService<Schema extends z.ZodType>(
  name: string,
  args: CloudRunServiceArgs<Schema>,
  parent: pulumi.Resource,
): WorkloadAddress {
  const { region, scaling, audiences = [] } = args;
  const service = new gcp.cloudrunv2.Service(
    name,
    {
      location: region,
      ingress:
        args.ingress === "internal"
          ? "INGRESS_TRAFFIC_INTERNAL_ONLY"
          : "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
      ...(audiences.length > 0 && { customAudiences: [...audiences] }),
      deletionProtection: args.protect,
      template: {
        serviceAccount: args.identity.email,
        timeout: `${args.timeoutSeconds}s`,
        maxInstanceRequestConcurrency: args.concurrency,
        scaling: { minInstanceCount: scaling.minInstances, maxInstanceCount: scaling.maxInstances },
        containers: [
          {
            ...codeOf(name, args, parent),
            envs: toEnvs(args.env as Environment<z.ZodType>),
            resources: { limits: { cpu: "1", memory: MEMORY }, cpuIdle: true, startupCpuBoost: true },
          },
        ],
      },
    },
    { parent, ...(args.after && { dependsOn: [...args.after] }) },
  );
  return { serviceName: service.name, uri: service.uri };
}

/** What the container runs. An image knows by itself how it is started. */
function codeOf<Schema extends z.ZodType>(
  name: string,
  { packaging, region, workload, codeBucket }: CloudRunServiceArgs<Schema>,
  parent: pulumi.Resource,
): gcp.types.input.cloudrunv2.ServiceTemplateContainer {
  if (packaging.kind === "image") return { image: packaging.reference };
  const {
    bucket,
    name: object,
    generation,
  } = codeObject(name, { workload, codeBucket, format: BUNDLE }, parent);
  return {
    image: "scratch",
    baseImageUri: pulumi.interpolate`${region}-docker.pkg.dev/serverless-runtimes/google-24-full/runtimes/nodejs24`,
    commands: [...BUNDLE_COMMANDS],
    args: [...BUNDLE_ARGS],
    sourceCode: { cloudStorageSource: { bucket, object, generation: generation.apply(String) } },
  };
}
