import * as pulumi from "@pulumi/pulumi";
import type { envSchema } from "../../runtime/certificates/domain-api/env.ts";
import type { ServiceIdentity } from "../serverless/service-identity.ts";
import { type Scaling, WorkloadService } from "../serverless/workload-service.ts";

export interface DomainApiArgs {
  readonly region: pulumi.Input<string>;
  readonly codeBucket: pulumi.Input<string>;
  readonly identity: ServiceIdentity;
  readonly audience: string;
  /** Domain of the platform itself, in which no customer may register a name. */
  readonly reservedZone: string;
  readonly registryBucket: pulumi.Input<string>;
  readonly validationTopic: pulumi.Input<string>;
  readonly issuingTopic: pulumi.Input<string>;
  /** The account that acts for every customer. */
  readonly operator: ServiceIdentity;
  /** Members who may call for themselves, by the name of their grant. */
  readonly callers: Readonly<Record<string, pulumi.Input<string>>>;
  readonly scaling: Scaling;
  readonly protect: boolean;
}

/** Where customers register, look at and remove their domains. */
export class DomainApi extends pulumi.ComponentResource {
  readonly serviceName: pulumi.Output<string>;

  constructor(name: string, args: DomainApiArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:DomainApi", name, {}, opts);

    const service = new WorkloadService<typeof envSchema>(
      name,
      {
        region: args.region,
        workload: "certificates/domain-api",
        codeBucket: args.codeBucket,
        identity: args.identity,
        env: {
          REGISTRY_BUCKET: args.registryBucket,
          VALIDATION_TOPIC: args.validationTopic,
          ISSUING_TOPIC: args.issuingTopic,
          API_AUDIENCE: args.audience,
          RESERVED_ZONE: args.reservedZone,
          OPERATORS: args.operator.email,
        },
        ingress: "loadBalancer",
        invokers: { operator: args.operator.member, ...args.callers },
        audiences: [args.audience],
        scaling: args.scaling,
        concurrency: 80,
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
