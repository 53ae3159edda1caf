import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { BUNDLE_ARGS, BUNDLE_COMMANDS } from "./build-bundle.ts";
import { bundle } from "./bundle.ts";
import { type Environment, toEnvs } from "./environment.ts";
import type { ServiceIdentity } from "./service-identity.ts";

/** Cloud Run allows 49 characters, 8 of which are the random suffix. */
const MAX_NAME_LENGTH = 41;

/** Four times what the largest workload needs idle; Cloud Run's second generation takes no less. */
const MEMORY = "512Mi";

/** How many instances, and how busy: differs between environments. */
export interface Scaling {
  readonly minInstances: number;
  readonly maxInstances: number;
}

/** Where a service stands in a platform, whatever it does. */
export interface WorkloadSettings {
  readonly region: pulumi.Input<string>;
  /** The bucket that holds bundles. */
  readonly codeBucket: pulumi.Input<string>;
  readonly identity: ServiceIdentity;
  readonly scaling: Scaling;
  /** Keeps the service from being deleted. */
  readonly protect: boolean;
}

export interface WorkloadServiceArgs<Schema extends z.ZodType> extends WorkloadSettings {
  /** The folder in `runtime/` that is deployed. */
  readonly workload: string;
  readonly env: Environment<Schema>;
  /** "internal" admits Pub/Sub alone; "loadBalancer" adds the load balancer. Nothing is reachable at run.app. */
  readonly ingress: "internal" | "loadBalancer";
  /** Members who may call, by the name of their grant. */
  readonly invokers: Readonly<Record<string, pulumi.Input<string>>>;
  /** Fixed audiences: a service cannot hold its own URI in its environment. */
  readonly audiences: readonly string[];
  /** Requests that one instance serves at a time. */
  readonly concurrency: number;
  readonly timeoutSeconds: number;
  /** What must stand before the first instance can start: grants on secrets, for one. */
  readonly after?: readonly pulumi.Resource[];
}

/** A folder of `runtime/` on Cloud Run, run from a bundle in Storage under an identity of its own. */
export class WorkloadService<Schema extends z.ZodType> extends pulumi.ComponentResource {
  readonly serviceName: pulumi.Output<string>;
  readonly uri: pulumi.Output<string>;

  constructor(name: string, args: WorkloadServiceArgs<Schema>, opts?: pulumi.ComponentResourceOptions) {
    super("platform:serverless:WorkloadService", name, {}, opts);

    if (name.length > MAX_NAME_LENGTH) {
      throw new pulumi.ResourceError(
        `WorkloadService "${name}": name must have at most ${MAX_NAME_LENGTH} characters; got ${name.length}.`,
        this,
        true,
      );
    }
    const { region, workload, codeBucket, identity, scaling } = args;
    const { sha256, archive } = bundle(workload);

    const code = new gcp.storage.BucketObject(
      `${name}-code`,
      {
        bucket: codeBucket,
        name: `${workload}/${sha256}.tar.gz`,
        source: archive,
        contentType: "application/gzip",
      },
      { parent: this },
    );

    const service = new gcp.cloudrunv2.Service(
      name,
      {
        location: region,
        ingress:
          args.ingress === "internal"
            ? "INGRESS_TRAFFIC_INTERNAL_ONLY"
            : "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
        ...(args.audiences.length > 0 && { customAudiences: [...args.audiences] }),
        deletionProtection: args.protect,
        template: {
          serviceAccount: identity.email,
          timeout: `${args.timeoutSeconds}s`,
          maxInstanceRequestConcurrency: args.concurrency,
          scaling: { minInstanceCount: scaling.minInstances, maxInstanceCount: scaling.maxInstances },
          containers: [
            {
              image: "scratch",
              baseImageUri: pulumi.interpolate`${region}-docker.pkg.dev/serverless-runtimes/google-24-full/runtimes/nodejs24`,
              commands: [...BUNDLE_COMMANDS],
              args: [...BUNDLE_ARGS],
              envs: toEnvs(args.env as Environment<z.ZodType>),
              resources: { limits: { cpu: "1", memory: MEMORY }, cpuIdle: true, startupCpuBoost: true },
              sourceCode: {
                cloudStorageSource: {
                  bucket: code.bucket,
                  object: code.name,
                  generation: code.generation.apply(String),
                },
              },
            },
          ],
        },
      },
      { parent: this, ...(args.after && { dependsOn: [...args.after] }) },
    );

    for (const [invoker, member] of Object.entries(args.invokers)) {
      new gcp.cloudrunv2.ServiceIamMember(
        `${name}-invoker-${invoker}`,
        { location: region, name: service.name, role: "roles/run.invoker", member },
        { parent: this },
      );
    }

    this.serviceName = service.name;
    this.uri = service.uri;
    this.registerOutputs({ serviceName: this.serviceName, uri: this.uri });
  }
}
