import * as pulumi from "@pulumi/pulumi";
import type { LimitOverrides } from "../../runtime/certificates/budgets/limits.ts";
import type { OwnershipMethod } from "../../runtime/certificates/ownership/ownership.ts";
import type { envSchema } from "../../runtime/workloads/domain-api/env.ts";
import type { ServiceIdentity } from "../foundation/service-identity.ts";
import { WorkloadService } from "../serverless/workload-service.ts";
import type { CertificateHost } from "./workloads.ts";

export interface DomainApiArgs {
  readonly host: CertificateHost;
  readonly audience: string;
  /** How a customer shows that a name is his. */
  readonly ownership: OwnershipMethod;
  /** The edge's own name. */
  readonly edgeHost: string;
  /** Domain of the platform itself, in which no customer may register a name. */
  readonly reservedZone: string;
  readonly registryBucket: pulumi.Input<string>;
  readonly budgets: LimitOverrides;
  readonly validationTopic: pulumi.Input<string>;
  readonly issuingTopic: pulumi.Input<string>;
  readonly eventsTopic: pulumi.Input<string>;
  readonly checkingTopic: pulumi.Input<string>;
  /** The account that acts for every customer. */
  readonly operator: ServiceIdentity;
  /** Accounts that see every customer's domains and change none, by the name of their grant. */
  readonly viewers: Readonly<Record<string, ServiceIdentity>>;
  /** Members who may call for themselves, by the name of their grant. */
  readonly callers: Readonly<Record<string, pulumi.Input<string>>>;
}

/** Where customers register, look at and remove their domains. */
export class DomainApi extends pulumi.ComponentResource {
  readonly serviceName: pulumi.Output<string>;

  constructor(name: string, args: DomainApiArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:DomainApi", name, {}, opts);

    const viewers = Object.entries(args.viewers);
    const service = new WorkloadService<typeof envSchema>(
      name,
      {
        workload: args.host.workload("domain-api"),
        env: {
          REGISTRY_BUCKET: args.registryBucket,
          BUDGET_LIMITS: JSON.stringify(args.budgets),
          VALIDATION_TOPIC: args.validationTopic,
          ISSUING_TOPIC: args.issuingTopic,
          EVENTS_TOPIC: args.eventsTopic,
          CHECKING_TOPIC: args.checkingTopic,
          API_AUDIENCE: args.audience,
          OWNERSHIP: args.ownership,
          EDGE_HOST: args.edgeHost,
          RESERVED_ZONE: args.reservedZone,
          OPERATORS: args.operator.email,
          VIEWERS: pulumi.all(viewers.map(([, { email }]) => email)).apply((emails) => emails.join(",")),
        },
        ingress: "loadBalancer",
        invokers: {
          operator: args.operator.member,
          ...Object.fromEntries(viewers.map(([grant, { member }]) => [grant, member])),
          ...args.callers,
        },
        audiences: [args.audience],
      },
      { parent: this },
    );

    this.serviceName = service.serviceName;
    this.registerOutputs({ serviceName: this.serviceName });
  }
}
