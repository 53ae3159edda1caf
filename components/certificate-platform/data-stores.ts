import type * as pulumi from "@pulumi/pulumi";
import { PrivateBucket } from "../foundation/private-bucket.ts";
import { BackupVault } from "./backup-vault.ts";
import type { PlatformIdentities } from "./platform-identities.ts";

/** A token that nobody fetched for a day will not be asked for any more. */
const CHALLENGE_EXPIRY_DAYS = 1;
/** Longer than the life of a certificate: a registry that was overwritten can be read back. */
const REGISTRY_VERSION_DAYS = 100;
/** A budget that nobody has spent of for the CA's week is whole again, and needs no object. */
const BUDGET_EXPIRY = { days: 14, prefixes: ["budgets/"] } as const;

export interface DataStoresArgs {
  readonly region: pulumi.Input<string>;
  readonly identities: PlatformIdentities;
  /** Whole days for which backups are kept. */
  readonly backupDays: number;
  readonly softDeleteDays: number;
  readonly protect: boolean;
}

/** What the platform remembers, and who may read and write it. No resource itself: all are children of the platform. */
export class DataStores {
  readonly registryBucket: pulumi.Output<string>;
  readonly challengeBucket: pulumi.Output<string>;
  readonly vault: BackupVault;

  constructor(name: string, args: DataStoresArgs, opts: pulumi.ComponentResourceOptions) {
    const { region, identities, backupDays, softDeleteDays, protect } = args;
    this.registryBucket = new PrivateBucket(
      `${name}-registry`,
      {
        region,
        writers: identities.members(
          "domain-api",
          "domain-validator",
          "certificate-issuer",
          "certificate-checker",
          "alert-notifier",
        ),
        softDeleteDays,
        versionDays: REGISTRY_VERSION_DAYS,
        expiry: BUDGET_EXPIRY,
        protect,
      },
      opts,
    ).bucketName;
    this.challengeBucket = new PrivateBucket(
      `${name}-challenges`,
      {
        region,
        readers: identities.members("token-proxy"),
        writers: identities.members("domain-validator", "certificate-issuer"),
        softDeleteDays: 0,
        expiry: { days: CHALLENGE_EXPIRY_DAYS },
        protect: false,
      },
      opts,
    ).bucketName;
    this.vault = new BackupVault(
      `${name}-backup`,
      {
        region,
        keepers: identities.members("certificate-issuer"),
        importers: { operator: identities.operator.member },
        backupDays,
        softDeleteDays,
        protect,
      },
      opts,
    );
  }
}
