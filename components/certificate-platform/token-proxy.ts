import * as pulumi from "@pulumi/pulumi";
import type { envSchema } from "../../runtime/workloads/token-proxy/env.ts";
import { WorkloadService } from "../serverless/workload-service.ts";
import type { CertificateHost } from "./workloads.ts";

export interface TokenProxyArgs {
  readonly host: CertificateHost;
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
        workload: args.host.workload("token-proxy"),
        env: { CHALLENGE_BUCKET: args.challengeBucket },
        ingress: "loadBalancer",
        invokers: { everyone: "allUsers" },
      },
      { parent: this },
    );

    this.serviceName = service.serviceName;
    this.registerOutputs({ serviceName: this.serviceName });
  }
}
