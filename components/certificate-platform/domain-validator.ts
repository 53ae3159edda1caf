import * as pulumi from "@pulumi/pulumi";
import type { LimitOverrides } from "../../runtime/certificates/budgets/limits.ts";
import type { OwnershipMethod } from "../../runtime/certificates/ownership/ownership.ts";
import type { envSchema } from "../../runtime/workloads/domain-validator/env.ts";
import { type StageSource, StageWorkload } from "../messaging/stage-workload.ts";
import type { FastlyCredentials } from "./fastly-credentials.ts";
import type { CertificateHost } from "./workloads.ts";

export interface DomainValidatorArgs {
  readonly host: CertificateHost;
  readonly source: StageSource;
  readonly issuingTopic: pulumi.Input<string>;
  readonly registryBucket: pulumi.Input<string>;
  readonly challengeBucket: pulumi.Input<string>;
  /** IP addresses of the edge. */
  readonly edgeAddresses: readonly string[];
  /** How a customer shows that a name is his. */
  readonly ownership: OwnershipMethod;
  /** The edge's own name. */
  readonly edgeHost: string;
  /** Names by which a CAA record may allow the CA. */
  readonly caaIdentities: readonly string[];
  /** Limits that differ from those that CA and CDN publish. */
  readonly budgets: LimitOverrides;
  readonly fastlyServiceId: pulumi.Input<string>;
  readonly fastlyCredentials: FastlyCredentials;
}

/** Decides whether a domain is ready for a certificate, before a CA is asked. */
export class DomainValidator extends pulumi.ComponentResource {
  readonly deadLetterSubscriptionId: pulumi.Output<string>;

  constructor(name: string, args: DomainValidatorArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:DomainValidator", name, {}, opts);

    const stage = new StageWorkload<typeof envSchema>(
      name,
      {
        workload: args.host.workload("domain-validator"),
        source: args.source,
        env: {
          REGISTRY_BUCKET: args.registryBucket,
          CHALLENGE_BUCKET: args.challengeBucket,
          ISSUING_TOPIC: args.issuingTopic,
          EDGE_ADDRESSES: args.edgeAddresses.join(","),
          OWNERSHIP: args.ownership,
          EDGE_HOST: args.edgeHost,
          CAA_IDENTITIES: args.caaIdentities.join(","),
          BUDGET_LIMITS: JSON.stringify(args.budgets),
          FASTLY_SERVICE_ID: args.fastlyServiceId,
          FASTLY_API_TOKEN: args.fastlyCredentials.reference,
        },
        after: args.fastlyCredentials.grants,
      },
      { parent: this },
    );

    this.deadLetterSubscriptionId = stage.deadLetterSubscriptionId;
    this.registerOutputs({ deadLetterSubscriptionId: this.deadLetterSubscriptionId });
  }
}
