import * as pulumi from "@pulumi/pulumi";
import type { envSchema } from "../../runtime/workloads/token-proxy/env.ts";
import type { WorkloadSettings } from "../serverless/workload-args.ts";
import { WorkloadService } from "../serverless/workload-service.ts";

export interface TokenProxyArgs extends WorkloadSettings {
  readonly challengeBucket: pulumi.Input<string>;
}

/** Answers a CA's challenges by Host and path; open to all, since a CA asks from addresses that it doesn't publish. */
export class TokenProxy extends pulumi.ComponentResource {
  readonly serviceName: pulumi.Output<string>;

  constructor(name: string, args: TokenProxyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:TokenProxy", name, {}, opts);

    const service = new WorkloadService<typeof envSchema>(
      name,
      {
        ...args,
        workload: "token-proxy",
        env: { CHALLENGE_BUCKET: args.challengeBucket },
        ingress: "loadBalancer",
        invokers: { everyone: "allUsers" },
        concurrency: 200,
        timeoutSeconds: 10,
      },
      { parent: this },
    );

    this.serviceName = service.serviceName;
    this.registerOutputs({ serviceName: this.serviceName });
  }
}
