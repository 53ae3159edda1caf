import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";

export interface ProjectFoundationArgs {
  /** Google's services that platforms need, `run.googleapis.com`; those of several may overlap. */
  readonly services: readonly string[];
}

/** What a project must have before anything else can be made in it: enabled services and Pub/Sub's own account. One serves all platforms of a stack. */
export class ProjectFoundation extends pulumi.ComponentResource {
  readonly services: ReadonlySet<string>;
  /** Moves dead letters: `serviceAccount:service-NUMBER@gcp-sa-pubsub.iam.gserviceaccount.com`. */
  readonly pubsubAgent: pulumi.Output<string>;

  constructor(name: string, args: ProjectFoundationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:ProjectFoundation", name, args, opts);

    this.services = new Set(args.services);
    const enabled = [...this.services].map(
      (service) =>
        new gcp.projects.Service(
          `${name}-${service.split(".")[0]}`,
          // Others in the project may rely on it by then.
          { service, disableOnDestroy: false },
          { parent: this },
        ),
    );
    const agent = new gcp.projects.ServiceIdentity(
      `${name}-pubsub-agent`,
      { service: "pubsub.googleapis.com" },
      { parent: this, dependsOn: enabled },
    );

    this.pubsubAgent = agent.member;
    this.registerOutputs({ pubsubAgent: this.pubsubAgent });
  }
}
