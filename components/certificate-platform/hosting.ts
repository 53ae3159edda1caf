import * as pulumi from "@pulumi/pulumi";
import type { envSchema } from "../../runtime/workloads/hosting/env.ts";
import type { WorkloadSettings } from "../serverless/workload-args.ts";
import { WorkloadService } from "../serverless/workload-service.ts";

export interface HostingArgs extends WorkloadSettings {
  readonly platformName: string;
}

/** One page for every customer's domain, until a backend of the customer's own takes its place. */
export class Hosting extends pulumi.ComponentResource {
  readonly serviceName: pulumi.Output<string>;

  constructor(name: string, args: HostingArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:Hosting", name, {}, opts);

    const service = new WorkloadService<typeof envSchema>(
      name,
      {
        ...args,
        workload: "hosting",
        env: { PLATFORM_NAME: args.platformName },
        ingress: "loadBalancer",
        invokers: { everyone: "allUsers" },
        concurrency: 200,
        timeoutSeconds: 30,
      },
      { parent: this },
    );

    this.serviceName = service.serviceName;
    this.registerOutputs({ serviceName: this.serviceName });
  }
}
