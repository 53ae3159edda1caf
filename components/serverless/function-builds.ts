import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { onceGranted } from "../foundation/grant-delay.ts";
import { ServiceIdentity } from "../foundation/service-identity.ts";

const DAY_SECONDS = 86_400;
/** Where Cloud Functions puts its copy of a source before it is built: `gcf-v2-sources-NUMBER-REGION`. */
const STAGED_SOURCES = "projects/_/buckets/gcf-v2-sources-";

export interface FunctionBuildsArgs {
  readonly region: pulumi.Input<string>;
  /** The bucket that holds the sources. */
  readonly codeBucket: pulumi.Input<string>;
  /** Whole seconds until a new grant holds. */
  readonly grantDelaySeconds: number;
}

/**
 * What Cloud Build needs to turn sources into functions: an account that can do that and nothing else,
 * since it runs what npm brings, and a repository for the images.
 *
 * @see https://cloud.google.com/functions/docs/securing/build-custom-sa
 */
export class FunctionBuilds extends pulumi.ComponentResource {
  /** `projects/P/serviceAccounts/EMAIL` */
  readonly accountName: pulumi.Output<string>;
  /** `projects/P/locations/L/repositories/R`, known once a build can succeed. */
  readonly repositoryId: pulumi.Output<string>;
  /** A build succeeds only after these. */
  readonly grants: readonly pulumi.Resource[];

  constructor(name: string, args: FunctionBuildsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:serverless:FunctionBuilds", name, args, opts);

    const { region, codeBucket, grantDelaySeconds } = args;
    const { member, accountName } = new ServiceIdentity(
      name,
      { displayName: "Builds functions" },
      { parent: this },
    );
    const repository = new gcp.artifactregistry.Repository(
      name,
      {
        location: region,
        repositoryId: name,
        format: "DOCKER",
        description: "Images of functions, as Cloud Build makes them",
        // Running revisions have copies of their own; the latest few serve a rollback.
        cleanupPolicies: [
          { id: "old", action: "DELETE", condition: { olderThan: `${30 * DAY_SECONDS}s` } },
          { id: "latest", action: "KEEP", mostRecentVersions: { keepCount: 5 } },
        ],
      },
      { parent: this },
    );
    const { project } = repository;

    this.grants = [
      new gcp.artifactregistry.RepositoryIamMember(
        `${name}-writer`,
        {
          project,
          location: region,
          repository: repository.name,
          role: "roles/artifactregistry.writer",
          member,
        },
        { parent: this },
      ),
      new gcp.storage.BucketIAMMember(
        `${name}-code-reader`,
        { bucket: codeBucket, role: "roles/storage.objectViewer", member },
        { parent: this },
      ),
      // The bucket of copies is Google's and comes with the first function, so no grant on it can come before.
      new gcp.projects.IAMMember(
        `${name}-source-reader`,
        {
          project,
          role: "roles/storage.objectViewer",
          member,
          condition: {
            title: "staged-sources",
            description: "Copies of functions' sources alone",
            expression: `resource.name.startsWith("${STAGED_SOURCES}")`,
          },
        },
        { parent: this },
      ),
      new gcp.projects.IAMMember(
        `${name}-log-writer`,
        { project, role: "roles/logging.logWriter", member },
        { parent: this },
      ),
    ];

    this.accountName = accountName;
    this.repositoryId = onceGranted(repository.id, {
      madeAt: repository.createTime,
      grants: this.grants,
      delaySeconds: grantDelaySeconds,
    });
    this.registerOutputs({ accountName: this.accountName, repositoryId: this.repositoryId });
  }
}
