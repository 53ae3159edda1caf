import * as pulumi from "@pulumi/pulumi";
import type { envSchema } from "../../runtime/workloads/hosting/env.ts";
import { WorkloadService } from "../serverless/workload-service.ts";
import type { CertificateHost } from "./workloads.ts";

export interface HostingArgs {
  readonly host: CertificateHost;
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
        workload: args.host.workload("hosting"),
        env: { PLATFORM_NAME: args.platformName },
        ingress: "loadBalancer",
        invokers: { everyone: "allUsers" },
      },
      { parent: this },
    );

    this.serviceName = service.serviceName;
    this.registerOutputs({ serviceName: this.serviceName });
  }
}
