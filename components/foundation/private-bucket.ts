import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";

/** What a member may do with a bucket's objects: the grants of each kind, by what they add to a grant's name. */
const ROLES = {
  readers: { "": "roles/storage.legacyObjectReader" },
  creators: { "": "roles/storage.objectCreator" },
  appenders: { "-create": "roles/storage.objectCreator", "-view": "roles/storage.objectViewer" },
  writers: { "": "roles/storage.objectUser" },
} as const;

export interface PrivateBucketArgs {
  readonly region: pulumi.Input<string>;
  /** Who may fetch an object whose name they know, and not list; by the name of their grant. */
  readonly readers?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Who may create, and neither fetch nor list, replace nor delete. */
  readonly creators?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Who may create, fetch and list, and neither replace nor delete. */
  readonly appenders?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Who may create, replace, fetch, list and delete. */
  readonly writers?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Whole days for which deleted objects can be brought back: 0, or 7 to 90. */
  readonly softDeleteDays: number;
  /** Keeps what is overwritten or deleted as noncurrent versions, for so many days. */
  readonly versionDays?: number;
  /** Deletes objects after so many days: all, or those whose names begin with one of `prefixes`. */
  readonly expiry?: { readonly days: number; readonly prefixes?: readonly string[] };
  /** Refuses to delete the bucket while it holds objects, and the resource while it is protected. */
  readonly protect: boolean;
}

/** A bucket that no public grant can open, with its members beside it. */
export class PrivateBucket extends pulumi.ComponentResource {
  readonly bucketName: pulumi.Output<string>;

  constructor(name: string, args: PrivateBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:serverless:PrivateBucket", name, args, opts);

    const { softDeleteDays, versionDays, expiry, protect } = args;
    if (softDeleteDays !== 0 && !(softDeleteDays >= 7 && softDeleteDays <= 90)) {
      throw new pulumi.ResourceError(
        `PrivateBucket "${name}": softDeleteDays must be 0, or from 7 to 90; got ${softDeleteDays}.`,
        this,
        true,
      );
    }

    const bucket = new gcp.storage.Bucket(
      name,
      {
        location: args.region,
        uniformBucketLevelAccess: true,
        publicAccessPrevention: "enforced",
        forceDestroy: !protect,
        softDeletePolicy: { retentionDurationSeconds: softDeleteDays * 86_400 },
        ...(versionDays !== undefined && { versioning: { enabled: true } }),
        lifecycleRules: [
          ...(versionDays === undefined
            ? []
            : [{ action: { type: "Delete" }, condition: { daysSinceNoncurrentTime: versionDays } }]),
          ...(expiry === undefined
            ? []
            : [
                {
                  action: { type: "Delete" },
                  condition: {
                    age: expiry.days,
                    ...(expiry.prefixes && { matchesPrefixes: [...expiry.prefixes] }),
                  },
                },
              ]),
        ],
      },
      { parent: this, protect },
    );

    for (const kind of ["readers", "creators", "appenders", "writers"] as const) {
      for (const [member, value] of Object.entries(args[kind] ?? {})) {
        for (const [suffix, role] of Object.entries(ROLES[kind])) {
          new gcp.storage.BucketIAMMember(
            `${name}-${kind}-${member}${suffix}`,
            { bucket: bucket.name, role, member: value },
            { parent: this },
          );
        }
      }
    }

    this.bucketName = bucket.name;
    this.registerOutputs({ bucketName: this.bucketName });
  }
}
