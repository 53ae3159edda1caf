import * as pulumi from "@pulumi/pulumi";
import type { envSchema } from "../../runtime/workloads/certificate-checker/env.ts";
import { type StageSource, StageWorkload } from "../messaging/stage-workload.ts";
import {
  authoritiesVariableOf,
  type CertificateAuthoritiesArgs,
  caaIdentitiesOf,
} from "./certificate-authorities.ts";
import type { CertificateHost } from "./workloads.ts";

export interface CertificateCheckerArgs {
  readonly host: CertificateHost;
  readonly source: StageSource;
  readonly registryBucket: pulumi.Input<string>;
  readonly validationTopic: pulumi.Input<string>;
  readonly issuingTopic: pulumi.Input<string>;
  /** IP addresses of the edge. */
  readonly edgeAddresses: readonly string[];
  readonly certificateAuthorities: CertificateAuthoritiesArgs;
}

/** Looks at a domain and its certificate, starts what is due, and tells of problems. */
export class CertificateChecker extends pulumi.ComponentResource {
  readonly deadLetterSubscriptionId: pulumi.Output<string>;

  constructor(name: string, args: CertificateCheckerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:CertificateChecker", name, {}, opts);

    const stage = new StageWorkload<typeof envSchema>(
      name,
      {
        workload: args.host.workload("certificate-checker"),
        source: args.source,
        env: {
          REGISTRY_BUCKET: args.registryBucket,
          VALIDATION_TOPIC: args.validationTopic,
          ISSUING_TOPIC: args.issuingTopic,
          EDGE_ADDRESSES: args.edgeAddresses.join(","),
          CAA_IDENTITIES: caaIdentitiesOf(args.certificateAuthorities).join(","),
          CERTIFICATE_AUTHORITIES: authoritiesVariableOf(args.certificateAuthorities),
        },
        after: [],
      },
      { parent: this },
    );

    this.deadLetterSubscriptionId = stage.deadLetterSubscriptionId;
    this.registerOutputs({ deadLetterSubscriptionId: this.deadLetterSubscriptionId });
  }
}
