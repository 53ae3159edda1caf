import * as pulumi from "@pulumi/pulumi";
import type { LimitOverrides } from "../../runtime/certificates/budgets/limits.ts";
import type { envSchema } from "../../runtime/workloads/certificate-issuer/env.ts";
import { type StageSource, StageWorkload } from "../messaging/stage-workload.ts";
import type { BackupVault } from "./backup-vault.ts";
import type { FastlyCredentials } from "./fastly-credentials.ts";
import type { CertificateHost } from "./workloads.ts";

/** The CA and how we are known there. */
export interface AcmeArgs {
  readonly directoryUrl: string;
  /** A profile of the CA; empty: its default. */
  readonly profile: string;
  /** `mailto:` URL. */
  readonly contact: string;
}

export interface CertificateIssuerArgs {
  readonly host: CertificateHost;
  readonly source: StageSource;
  readonly registryBucket: pulumi.Input<string>;
  readonly challengeBucket: pulumi.Input<string>;
  readonly vault: BackupVault;
  readonly acme: AcmeArgs;
  /** IP addresses of the edge. */
  readonly edgeAddresses: readonly string[];
  readonly budgets: LimitOverrides;
  readonly fastlyServiceId: pulumi.Input<string>;
  readonly fastlyTlsConfigurationId: string;
  readonly fastlyCredentials: FastlyCredentials;
}

/** Orders, backs up and activates certificates; the only one who can open a backup. */
export class CertificateIssuer extends pulumi.ComponentResource {
  readonly deadLetterSubscriptionId: pulumi.Output<string>;

  constructor(name: string, args: CertificateIssuerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:CertificateIssuer", name, {}, opts);

    const stage = new StageWorkload<typeof envSchema>(
      name,
      {
        workload: args.host.workload("certificate-issuer"),
        source: args.source,
        env: {
          REGISTRY_BUCKET: args.registryBucket,
          CHALLENGE_BUCKET: args.challengeBucket,
          BACKUP_BUCKET: args.vault.bucketName,
          KMS_KEY: args.vault.keyId,
          ACME_DIRECTORY_URL: args.acme.directoryUrl,
          ACME_PROFILE: args.acme.profile,
          ACME_CONTACT: args.acme.contact,
          EDGE_ADDRESSES: args.edgeAddresses.join(","),
          BUDGET_LIMITS: JSON.stringify(args.budgets),
          FASTLY_SERVICE_ID: args.fastlyServiceId,
          FASTLY_TLS_CONFIGURATION_ID: args.fastlyTlsConfigurationId,
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
