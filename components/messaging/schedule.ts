import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import type { ServiceIdentity } from "../foundation/service-identity.ts";

export interface ScheduleArgs {
  readonly region: pulumi.Input<string>;
  /** Five fields of cron, in UTC. */
  readonly cron: string;
  /** The `run.app` URI that is called, and that the token of each call is for. */
  readonly endpoint: pulumi.Input<string>;
  /** The account whose token goes with each call. */
  readonly caller: Pick<ServiceIdentity, "email">;
  /** Whole seconds for one call, 15 to 1,800. */
  readonly deadlineSeconds: number;
}

/** Calls a workload by the clock. A call that fails is not repeated: the next one is due soon enough. */
export class Schedule extends pulumi.ComponentResource {
  readonly jobName: pulumi.Output<string>;

  constructor(name: string, args: ScheduleArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:messaging:Schedule", name, args, opts);

    const { region, cron, endpoint, caller, deadlineSeconds } = args;
    if (!Number.isInteger(deadlineSeconds) || deadlineSeconds < 15 || deadlineSeconds > 1_800) {
      throw new pulumi.ResourceError(
        `Schedule "${name}": deadlineSeconds must be a whole number from 15 to 1800; got ${deadlineSeconds}.`,
        this,
        true,
      );
    }
    const job = new gcp.cloudscheduler.Job(
      name,
      {
        region,
        schedule: cron,
        timeZone: "Etc/UTC",
        attemptDeadline: `${deadlineSeconds}s`,
        httpTarget: {
          uri: endpoint,
          httpMethod: "POST",
          oidcToken: { serviceAccountEmail: caller.email, audience: endpoint },
        },
      },
      { parent: this },
    );

    this.jobName = job.name;
    this.registerOutputs({ jobName: this.jobName });
  }
}
