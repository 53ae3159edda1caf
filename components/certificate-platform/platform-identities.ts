import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { ServiceIdentity } from "../foundation/service-identity.ts";
import { type CertificateWorkload, WORKLOADS } from "./workloads.ts";

export interface PlatformIdentitiesArgs {
  /** Members who may act as the operator, by a stable name. */
  readonly operators: Readonly<Record<string, string>>;
}

/** An account for each workload and each subscription that pushes to one, and one as which people operate the platform. */
export class PlatformIdentities extends pulumi.ComponentResource {
  readonly workloads: Readonly<Record<CertificateWorkload, ServiceIdentity>>;
  readonly validationPusher: ServiceIdentity;
  readonly issuingPusher: ServiceIdentity;
  readonly checkingPusher: ServiceIdentity;
  readonly watcherCaller: ServiceIdentity;
  readonly notifierCaller: ServiceIdentity;
  readonly operator: ServiceIdentity;

  constructor(name: string, { operators }: PlatformIdentitiesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:PlatformIdentities", name, {}, opts);

    const identity = (account: string, displayName: string) =>
      new ServiceIdentity(`${name}-${account}`, { displayName }, { parent: this });
    this.workloads = Object.fromEntries(
      Object.entries(WORKLOADS).map(([workload, { account, title }]) => [workload, identity(account, title)]),
    ) as Record<CertificateWorkload, ServiceIdentity>;
    this.validationPusher = identity("validation-push", "Pushes to the domain validator");
    this.issuingPusher = identity("issuing-push", "Pushes to the certificate issuer");
    this.checkingPusher = identity("checking-push", "Pushes to the certificate checker");
    this.watcherCaller = identity("watcher-call", "Calls the domain watcher");
    this.notifierCaller = identity("notifier-call", "Calls the alert notifier");
    this.operator = identity("operator", "Operates the platform");

    for (const [key, member] of Object.entries(operators)) {
      new gcp.serviceaccount.IAMMember(
        `${name}-operator-${key}`,
        {
          serviceAccountId: this.operator.accountName,
          role: "roles/iam.serviceAccountTokenCreator",
          member,
        },
        { parent: this },
      );
    }
    // What was deployed, by whom and from which commit, is told on the dashboard by a line of the log.
    new gcp.projects.IAMMember(
      `${name}-deploys-log-writer`,
      { project: this.operator.project, role: "roles/logging.logWriter", member: this.operator.member },
      { parent: this },
    );
    this.registerOutputs({});
  }

  /** For grants: the members that workloads act as, by the names of their accounts. */
  members(...workloads: readonly CertificateWorkload[]): Readonly<Record<string, pulumi.Output<string>>> {
    return Object.fromEntries(
      workloads.map((workload) => [WORKLOADS[workload].account, this.workloads[workload].member]),
    );
  }
}
