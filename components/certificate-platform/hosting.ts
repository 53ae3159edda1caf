import * as pulumi from "@pulumi/pulumi";
import type { envSchema } from "../../runtime/certificates/hosting/env.ts";
import type { ServiceIdentity } from "../serverless/service-identity.ts";
import { type Scaling, WorkloadService } from "../serverless/workload-service.ts";

export interface HostingArgs {
  readonly region: pulumi.Input<string>;
  readonly codeBucket: pulumi.Input<string>;
  readonly identity: ServiceIdentity;
  readonly platformName: string;
  readonly scaling: Scaling;
  readonly protect: boolean;
}

/** One page for every customer's domain, until a backend of the customer's own takes its place. */
export class Hosting extends pulumi.ComponentResource {
  readonly serviceName: pulumi.Output<string>;

  constructor(name: string, args: HostingArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:Hosting", name, {}, opts);

    const service = new WorkloadService<typeof envSchema>(
      name,
      {
        region: args.region,
        workload: "certificates/hosting",
        codeBucket: args.codeBucket,
        identity: args.identity,
        env: { PLATFORM_NAME: args.platformName },
        ingress: "loadBalancer",
        invokers: { everyone: "allUsers" },
        audiences: [],
        scaling: args.scaling,
        concurrency: 200,
        timeoutSeconds: 30,
        memory: "512Mi",
        deletionProtection: args.protect,
      },
      { parent: this },
    );

    this.serviceName = service.serviceName;
    this.registerOutputs({ serviceName: this.serviceName });
  }
}
