import * as pulumi from "@pulumi/pulumi";
import type { envSchema } from "../../runtime/certificates/certificate-issuer/env.ts";
import type { ServiceIdentity } from "../serverless/service-identity.ts";
import { Stage } from "../serverless/stage.ts";
import { type Scaling, WorkloadService } from "../serverless/workload-service.ts";
import type { BackupVault } from "./backup-vault.ts";
import type { FastlyCredentials } from "./fastly-credentials.ts";

/** The CA and how we are known there. */
export interface AcmeArgs {
  readonly directoryUrl: string;
  /** A profile of the CA; empty: its default. */
  readonly profile: string;
  /** `mailto:` URL. */
  readonly contact: string;
}

export interface CertificateIssuerArgs {
  readonly region: pulumi.Input<string>;
  readonly codeBucket: pulumi.Input<string>;
  readonly identity: ServiceIdentity;
  /** The account under which Pub/Sub pushes. */
  readonly pusher: ServiceIdentity;
  readonly audience: string;
  readonly topic: pulumi.Input<string>;
  readonly registryBucket: pulumi.Input<string>;
  readonly challengeBucket: pulumi.Input<string>;
  readonly vault: BackupVault;
  readonly acme: AcmeArgs;
  readonly fastlyServiceId: pulumi.Input<string>;
  readonly fastlyTlsConfigurationId: string;
  readonly fastlyCredentials: FastlyCredentials;
  readonly pubsubAgent: pulumi.Input<string>;
  readonly notificationChannels: readonly pulumi.Input<string>[];
  readonly scaling: Scaling;
  readonly protect: boolean;
}

/** Orders, backs up and activates certificates; the only one who can open a backup. */
export class CertificateIssuer extends pulumi.ComponentResource {
  constructor(name: string, args: CertificateIssuerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:CertificateIssuer", name, {}, opts);

    const service = new WorkloadService<typeof envSchema>(
      name,
      {
        region: args.region,
        workload: "certificates/certificate-issuer",
        codeBucket: args.codeBucket,
        identity: args.identity,
        env: {
          REGISTRY_BUCKET: args.registryBucket,
          CHALLENGE_BUCKET: args.challengeBucket,
          BACKUP_BUCKET: args.vault.bucketName,
          KMS_KEY: args.vault.keyId,
          ACME_DIRECTORY_URL: args.acme.directoryUrl,
          ACME_PROFILE: args.acme.profile,
          ACME_CONTACT: args.acme.contact,
          FASTLY_SERVICE_ID: args.fastlyServiceId,
          FASTLY_TLS_CONFIGURATION_ID: args.fastlyTlsConfigurationId,
          FASTLY_API_TOKEN: args.fastlyCredentials.reference,
          PUSH_AUDIENCE: args.audience,
          PUSH_SERVICE_ACCOUNT: args.pusher.email,
        },
        ingress: "internal",
        invokers: { pusher: args.pusher.member },
        audiences: [args.audience],
        scaling: args.scaling,
        concurrency: 20,
        timeoutSeconds: 600,
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
