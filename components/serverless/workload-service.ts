import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { makeFunction } from "./cloud-function.ts";
import { makeCloudRunService } from "./cloud-run-service.ts";
import { IMAGE_BY_DIGEST } from "./packaging.ts";
import type { WorkloadAddress, WorkloadServiceArgs } from "./workload-args.ts";
import { brokenMemory } from "./workload-size.ts";

/** Cloud Run allows 49 characters, 8 of which are the random suffix. */
const MAX_NAME_LENGTH = 41;

/** A workload as a service of Cloud Run, however it is packaged, under an identity of its own. */
export class WorkloadService<Schema extends z.ZodType>
  extends pulumi.ComponentResource
  implements WorkloadAddress
{
  readonly serviceName: pulumi.Output<string>;
  readonly uri: pulumi.Output<string>;

  constructor(name: string, args: WorkloadServiceArgs<Schema>, opts?: pulumi.ComponentResourceOptions) {
    super("platform:serverless:WorkloadService", name, {}, opts);

    this.#check(name, args);
    const { region, packaging } = args.workload;
    const { serviceName, uri } =
      packaging.kind === "function"
        ? makeFunction(name, args, packaging.builds, this)
        : makeCloudRunService(name, args, this);

    for (const [invoker, member] of Object.entries(args.invokers)) {
      new gcp.cloudrunv2.ServiceIamMember(
        `${name}-invoker-${invoker}`,
        { location: region, name: serviceName, role: "roles/run.invoker", member },
        { parent: this },
      );
    }

    this.serviceName = serviceName;
    this.uri = uri;
    this.registerOutputs({ serviceName: this.serviceName, uri: this.uri });
  }

  #check(name: string, { workload, audiences = [] }: WorkloadServiceArgs<Schema>): void {
    const { packaging, cpu, memory } = workload;
    if (name.length > MAX_NAME_LENGTH) {
      throw this.#mistake(name, `name must have at most ${MAX_NAME_LENGTH} characters; got ${name.length}.`);
    }
    const broken = brokenMemory(cpu, memory);
    if (broken) throw this.#mistake(name, `memory ${broken}; got ${JSON.stringify(memory)}.`);
    if (packaging.kind === "image" && !IMAGE_BY_DIGEST.test(packaging.reference)) {
      const rule = "must be an image by its digest, REGISTRY/PATH@sha256:DIGEST";
      throw this.#mistake(name, `packaging.reference ${rule}; got ${JSON.stringify(packaging.reference)}.`);
    }
    if (packaging.kind === "function" && audiences.length > 0) {
      const rule = "must be empty for a function, which takes tokens for its own URI alone";
      throw this.#mistake(name, `audiences ${rule}; got ${JSON.stringify(audiences)}.`);
    }
  }

  #mistake(name: string, rule: string): pulumi.ResourceError {
    return new pulumi.ResourceError(`WorkloadService "${name}": ${rule}`, this, true);
  }
}
