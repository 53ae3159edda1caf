import * as pulumi from "@pulumi/pulumi";
import type { envSchema } from "../../runtime/certificates/token-proxy/env.ts";
import type { ServiceIdentity } from "../serverless/service-identity.ts";
import { type Scaling, WorkloadService } from "../serverless/workload-service.ts";

export interface TokenProxyArgs {
  readonly region: pulumi.Input<string>;
  readonly codeBucket: pulumi.Input<string>;
  readonly identity: ServiceIdentity;
  readonly challengeBucket: pulumi.Input<string>;
  readonly scaling: Scaling;
  readonly protect: boolean;
}

/** Answers a CA's challenges by Host and path; open to all, since a CA asks from addresses that it doesn't publish. */
export class TokenProxy extends pulumi.ComponentResource {
  readonly serviceName: pulumi.Output<string>;

  constructor(name: string, args: TokenProxyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:TokenProxy", name, {}, opts);

    const service = new WorkloadService<typeof envSchema>(
      name,
      {
        region: args.region,
        workload: "certificates/token-proxy",
        codeBucket: args.codeBucket,
        identity: args.identity,
        env: { CHALLENGE_BUCKET: args.challengeBucket },
        ingress: "loadBalancer",
        invokers: { everyone: "allUsers" },
        audiences: [],
        scaling: args.scaling,
        concurrency: 200,
        timeoutSeconds: 10,
        memory: "512Mi",
        deletionProtection: args.protect,
      },
      { parent: this },
    );

    this.serviceName = service.serviceName;
    this.registerOutputs({ serviceName: this.serviceName });
  }
}
