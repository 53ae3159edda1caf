import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { PrivateBucket } from "../foundation/private-bucket.ts";

const SOFT_DELETE_DAYS = 30;
const VERSION_DAYS = 365;

export interface StateStoreArgs {
  readonly region: string;
  /** Who may read states and decrypt their secrets; by the name of their grants. */
  readonly readers: Readonly<Record<string, pulumi.Input<string>>>;
  /** Who may write them too. */
  readonly writers: Readonly<Record<string, pulumi.Input<string>>>;
}

/** Where an environment's Pulumi keeps its states, and the key of the secrets in them. Both are protected: a state that is lost leaves a cloud that nothing manages. */
export class StateStore extends pulumi.ComponentResource {
  readonly bucketName: pulumi.Output<string>;
  /** `projects/P/locations/L/keyRings/R`, which holds no other key. */
  readonly keyRing: pulumi.Output<string>;
  readonly keyName: pulumi.Output<string>;

  constructor(name: string, args: StateStoreArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:delivery:StateStore", name, args, opts);

    const parent = { parent: this };
    const bucket = new PrivateBucket(
      name,
      {
        region: args.region,
        writers: args.writers,
        versionDays: VERSION_DAYS,
        softDeleteDays: SOFT_DELETE_DAYS,
        protect: true,
      },
      parent,
    );
    const ring = new gcp.kms.KeyRing(name, { location: args.region }, { ...parent, protect: true });
    const key = new gcp.kms.CryptoKey(
      name,
      { keyRing: ring.id, purpose: "ENCRYPT_DECRYPT", rotationPeriod: "7776000s" },
      { ...parent, protect: true },
    );

    const grantKey = (role: string, members: StateStoreArgs["readers"]) => {
      for (const [who, member] of Object.entries(members)) {
        new gcp.kms.CryptoKeyIAMMember(`${name}-key-${who}`, { cryptoKeyId: key.id, role, member }, parent);
      }
    };
    grantKey("roles/cloudkms.cryptoKeyDecrypter", args.readers);
    grantKey("roles/cloudkms.cryptoKeyEncrypterDecrypter", args.writers);
    for (const [who, member] of Object.entries(args.readers)) {
      new gcp.storage.BucketIAMMember(
        `${name}-reader-${who}`,
        { bucket: bucket.bucketName, role: "roles/storage.objectViewer", member },
        parent,
      );
    }

    this.bucketName = bucket.bucketName;
    this.keyRing = ring.id;
    this.keyName = key.id;
    this.registerOutputs({ bucketName: this.bucketName, keyName: this.keyName });
  }
}
