import * as pulumi from "@pulumi/pulumi";
import type { envSchema } from "../../runtime/certificates/domain-validator/env.ts";
import type { ServiceIdentity } from "../serverless/service-identity.ts";
import { Stage } from "../serverless/stage.ts";
import { type Scaling, WorkloadService } from "../serverless/workload-service.ts";
import type { FastlyCredentials } from "./fastly-credentials.ts";

export interface DomainValidatorArgs {
  readonly region: pulumi.Input<string>;
  readonly codeBucket: pulumi.Input<string>;
  readonly identity: ServiceIdentity;
  /** The account under which Pub/Sub pushes. */
  readonly pusher: ServiceIdentity;
  readonly audience: string;
  readonly topic: pulumi.Input<string>;
  readonly issuingTopic: pulumi.Input<string>;
  readonly registryBucket: pulumi.Input<string>;
  readonly challengeBucket: pulumi.Input<string>;
  /** IP addresses of the edge. */
  readonly edgeAddresses: readonly string[];
  /** Names by which a CAA record may allow the CA. */
  readonly caaIdentities: readonly string[];
  readonly fastlyServiceId: pulumi.Input<string>;
  readonly fastlyCredentials: FastlyCredentials;
  readonly pubsubAgent: pulumi.Input<string>;
  readonly notificationChannels: readonly pulumi.Input<string>[];
  readonly scaling: Scaling;
  readonly protect: boolean;
}

/** Decides whether a domain is ready for a certificate, before a CA is asked. */
export class DomainValidator extends pulumi.ComponentResource {
  constructor(name: string, args: DomainValidatorArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:DomainValidator", name, {}, opts);

    const service = new WorkloadService<typeof envSchema>(
      name,
      {
        region: args.region,
        workload: "certificates/domain-validator",
        codeBucket: args.codeBucket,
        identity: args.identity,
        env: {
          REGISTRY_BUCKET: args.registryBucket,
          CHALLENGE_BUCKET: args.challengeBucket,
          ISSUING_TOPIC: args.issuingTopic,
          EDGE_ADDRESSES: args.edgeAddresses.join(","),
          CAA_IDENTITIES: args.caaIdentities.join(","),
          FASTLY_SERVICE_ID: args.fastlyServiceId,
          FASTLY_API_TOKEN: args.fastlyCredentials.reference,
          PUSH_AUDIENCE: args.audience,
          PUSH_SERVICE_ACCOUNT: args.pusher.email,
        },
        ingress: "internal",
        invokers: { pusher: args.pusher.member },
        audiences: [args.audience],
        scaling: args.scaling,
        concurrency: 40,
        timeoutSeconds: 120,
        memory: "512Mi",
        deletionProtection: args.protect,
        after: args.fastlyCredentials.grants,
      },
      { parent: this },
    );
    new Stage(
      name,
      {
        topic: args.topic,
        endpoint: service.uri,
        pusher: args.pusher,
        audience: args.audience,
        pubsubAgent: args.pubsubAgent,
        backoffSeconds: { minimum: 1, maximum: 600 },
        notificationChannels: args.notificationChannels,
      },
      { parent: this },
    );

    this.registerOutputs({});
  }
}
