import * as pulumi from "@pulumi/pulumi";
import type { LimitOverrides } from "../../runtime/certificates/budgets/limits.ts";
import type { envSchema } from "../../runtime/workloads/certificate-issuer/env.ts";
import { type StageSource, StageWorkload } from "../messaging/stage-workload.ts";
import { keepSecret } from "../serverless/workload-secret.ts";
import type { BackupVault } from "./backup-vault.ts";
import { authoritiesVariableOf, type CertificateAuthoritiesArgs } from "./certificate-authorities.ts";
import type { FastlyCredentials } from "./fastly-credentials.ts";
import type { CertificateHost } from "./workloads.ts";

export interface CertificateIssuerArgs {
  readonly host: CertificateHost;
  readonly source: StageSource;
  /** Id of the topic on which others hear of domains. */
  readonly eventsTopic: pulumi.Input<string>;
  readonly registryBucket: pulumi.Input<string>;
  readonly challengeBucket: pulumi.Input<string>;
  readonly vault: BackupVault;
  readonly certificateAuthorities: CertificateAuthoritiesArgs;
  /** JSON: base64url keys by the names of the CAs that want an external account. */
  readonly externalAccountKeys: pulumi.Input<string> | undefined;
  /** Whole seconds until a new grant holds. */
  readonly grantDelaySeconds: number;
  /** IP addresses of the edge. */
  readonly edgeAddresses: readonly string[];
  readonly budgets: LimitOverrides;
  readonly fastlyServiceId: pulumi.Input<string>;
  readonly fastlyTlsConfigurationId: string;
  readonly fastlyCredentials: FastlyCredentials;
}

/** Orders, backs up and activates certificates; the only one who can open a backup. */
export class CertificateIssuer extends pulumi.ComponentResource {
  readonly serviceName: pulumi.Output<string>;
  readonly deadLetterSubscriptionId: pulumi.Output<string>;

  constructor(name: string, args: CertificateIssuerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:CertificateIssuer", name, {}, opts);

    const { externalAccountKeys: value, grantDelaySeconds } = args;
    const workload = args.host.workload("certificate-issuer");
    const readers = { issuer: workload.identity.member };
    const externalAccounts =
      value === undefined
        ? undefined
        : keepSecret(`${name}-external-accounts`, { value, readers, grantDelaySeconds }, this);
    const stage = new StageWorkload<typeof envSchema>(
      name,
      {
        workload,
        source: args.source,
        env: {
          EVENTS_TOPIC: args.eventsTopic,
          REGISTRY_BUCKET: args.registryBucket,
          CHALLENGE_BUCKET: args.challengeBucket,
          BACKUP_BUCKET: args.vault.bucketName,
          KMS_KEY: args.vault.keyId,
          CERTIFICATE_AUTHORITIES: authoritiesVariableOf(args.certificateAuthorities),
          EXTERNAL_ACCOUNT_KEYS: externalAccounts?.reference ?? "",
          EDGE_ADDRESSES: args.edgeAddresses.join(","),
          BUDGET_LIMITS: JSON.stringify(args.budgets),
          FASTLY_SERVICE_ID: args.fastlyServiceId,
          FASTLY_TLS_CONFIGURATION_ID: args.fastlyTlsConfigurationId,
          FASTLY_API_TOKEN: args.fastlyCredentials.reference,
        },
        after: [...args.fastlyCredentials.grants, ...(externalAccounts?.grants ?? [])],
      },
      { parent: this },
    );

    this.serviceName = stage.serviceName;
    this.deadLetterSubscriptionId = stage.deadLetterSubscriptionId;
    this.registerOutputs({
      serviceName: this.serviceName,
      deadLetterSubscriptionId: this.deadLetterSubscriptionId,
    });
  }
}
