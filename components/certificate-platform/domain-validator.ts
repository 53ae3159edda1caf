import * as pulumi from "@pulumi/pulumi";
import type { envSchema } from "../../runtime/certificates/domain-validator/env.ts";
import { type StageSettings, StageWorkload } from "../messaging/stage-workload.ts";
import type { FastlyCredentials } from "./fastly-credentials.ts";

export interface DomainValidatorArgs extends StageSettings {
  readonly issuingTopic: pulumi.Input<string>;
  readonly registryBucket: pulumi.Input<string>;
  readonly challengeBucket: pulumi.Input<string>;
  /** IP addresses of the edge. */
  readonly edgeAddresses: readonly string[];
  /** Names by which a CAA record may allow the CA. */
  readonly caaIdentities: readonly string[];
  readonly fastlyServiceId: pulumi.Input<string>;
  readonly fastlyCredentials: FastlyCredentials;
}

/** Decides whether a domain is ready for a certificate, before a CA is asked. */
export class DomainValidator extends pulumi.ComponentResource {
  constructor(name: string, args: DomainValidatorArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:DomainValidator", name, {}, opts);

    new StageWorkload<typeof envSchema>(
      name,
      {
        ...args,
        workload: "certificates/domain-validator",
        env: {
          REGISTRY_BUCKET: args.registryBucket,
          CHALLENGE_BUCKET: args.challengeBucket,
          ISSUING_TOPIC: args.issuingTopic,
          EDGE_ADDRESSES: args.edgeAddresses.join(","),
          CAA_IDENTITIES: args.caaIdentities.join(","),
          FASTLY_SERVICE_ID: args.fastlyServiceId,
          FASTLY_API_TOKEN: args.fastlyCredentials.reference,
        },
        concurrency: 40,
        // The deadline in its main.ts is a little less.
        timeoutSeconds: 120,
        after: args.fastlyCredentials.grants,
      },
      { parent: this },
    );

    this.registerOutputs({});
  }
}
