import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";

const SERVICES = [
  "certificatemanager.googleapis.com",
  "cloudkms.googleapis.com",
  "compute.googleapis.com",
  "dns.googleapis.com",
  "iam.googleapis.com",
  "iamcredentials.googleapis.com",
  "logging.googleapis.com",
  "monitoring.googleapis.com",
  "pubsub.googleapis.com",
  "run.googleapis.com",
  "secretmanager.googleapis.com",
  "storage.googleapis.com",
] as const;
/** What turns sources into functions, and grants the account that does it its roles in the project. */
const SERVICES_OF_FUNCTIONS = [
  "artifactregistry.googleapis.com",
  "cloudbuild.googleapis.com",
  "cloudfunctions.googleapis.com",
  "cloudresourcemanager.googleapis.com",
] as const;

export interface ProjectFoundationArgs {
  /** Whether a workload is packaged as a function. */
  readonly hasFunctions: boolean;
}

/** What a project must have before anything else can be made in it: enabled services and Pub/Sub's own account. */
export class ProjectFoundation extends pulumi.ComponentResource {
  /** Moves dead letters: `serviceAccount:service-NUMBER@gcp-sa-pubsub.iam.gserviceaccount.com`. */
  readonly pubsubAgent: pulumi.Output<string>;

  constructor(name: string, { hasFunctions }: ProjectFoundationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:ProjectFoundation", name, { hasFunctions }, opts);

    const services = [...SERVICES, ...(hasFunctions ? SERVICES_OF_FUNCTIONS : [])].map(
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
      { parent: this, dependsOn: services },
    );

    this.pubsubAgent = agent.member;
    this.registerOutputs({ pubsubAgent: this.pubsubAgent });
  }
}
