import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { PrivateBucket } from "../foundation/private-bucket.ts";

const ROTATION_DAYS = 90;
const DAY_SECONDS = 86_400;
/** What ends with time; the account's key stays. */
const EXPIRING = ["certificates/", "orders/"];

export interface BackupVaultArgs {
  readonly region: pulumi.Input<string>;
  /** Who may seal and open backups; by the name of their grants. */
  readonly keepers: Readonly<Record<string, pulumi.Input<string>>>;
  /** Whole days for which a backup is kept: longer than the life of any certificate that is still in use. */
  readonly backupDays: number;
  /** Who may seal and add backups, and neither read nor open any. */
  readonly importers: Readonly<Record<string, pulumi.Input<string>>>;
  readonly softDeleteDays: number;
  readonly protect: boolean;
}

/** Encrypted backups of certificates and keys, and the key without which they are noise. */
export class BackupVault extends pulumi.ComponentResource {
  readonly bucketName: pulumi.Output<string>;
  /** `projects/P/locations/L/keyRings/R/cryptoKeys/K` */
  readonly keyId: pulumi.Output<string>;

  constructor(name: string, args: BackupVaultArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:BackupVault", name, args, opts);

    const { region, keepers, importers, backupDays, softDeleteDays, protect } = args;
    const expiry = { days: backupDays, prefixes: EXPIRING };
    const ring = new gcp.kms.KeyRing(name, { location: region }, { parent: this });
    const key = new gcp.kms.CryptoKey(
      name,
      {
        keyRing: ring.id,
        purpose: "ENCRYPT_DECRYPT",
        rotationPeriod: `${ROTATION_DAYS * DAY_SECONDS}s`,
      },
      // With its key a backup is destroyed for good.
      { parent: this, protect },
    );
    for (const [keeper, member] of Object.entries(keepers)) {
      new gcp.kms.CryptoKeyIAMMember(
        `${name}-keeper-${keeper}`,
        { cryptoKeyId: key.id, role: "roles/cloudkms.cryptoKeyEncrypterDecrypter", member },
        { parent: this },
      );
    }
    for (const [importer, member] of Object.entries(importers)) {
      new gcp.kms.CryptoKeyIAMMember(
        `${name}-importer-${importer}`,
        { cryptoKeyId: key.id, role: "roles/cloudkms.cryptoKeyEncrypter", member },
        { parent: this },
      );
    }
    const bucket = new PrivateBucket(
      name,
      // A backup is written once and for good: nobody who can read one may spoil it.
      { region, appenders: keepers, creators: importers, softDeleteDays, expiry, protect },
      { parent: this },
    );

    this.bucketName = bucket.bucketName;
    this.keyId = key.id;
    this.registerOutputs({ bucketName: this.bucketName, keyId: this.keyId });
  }
}
