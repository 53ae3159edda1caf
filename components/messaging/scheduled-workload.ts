import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { ServiceIdentity } from "../foundation/service-identity.ts";
import type { Environment } from "../serverless/environment.ts";
import { FaultAlert } from "../serverless/fault-alert.ts";
import type { HostedWorkload } from "../serverless/hosted-workload.ts";
import { WorkloadService } from "../serverless/workload-service.ts";
import { Schedule } from "./schedule.ts";

/** What every scheduled handler's environment holds: whose calls it takes. */
type SchedulerVariable = "SCHEDULER_SERVICE_ACCOUNT";

export interface ScheduledWorkloadArgs<Schema extends z.ZodType> {
  readonly workload: HostedWorkload;
  /** Five fields of cron, in UTC. */
  readonly cron: string;
  /** The account under which Cloud Scheduler calls. */
  readonly caller: ServiceIdentity;
  readonly env: Omit<Environment<Schema>, SchedulerVariable>;
  /** What must stand before the first instance can start. @default nothing */
  readonly after?: readonly pulumi.Resource[];
}

/** A workload that Cloud Scheduler calls and nobody else reaches. */
export class ScheduledWorkload<Schema extends z.ZodType> extends pulumi.ComponentResource {
  readonly serviceName: pulumi.Output<string>;

  constructor(name: string, args: ScheduledWorkloadArgs<Schema>, opts?: pulumi.ComponentResourceOptions) {
    super("platform:messaging:ScheduledWorkload", name, {}, opts);

    const { workload, cron, caller, after = [] } = args;
    const { region, timeoutSeconds, alerting } = workload;
    const schedulerVariables: Record<SchedulerVariable, pulumi.Input<string>> = {
      SCHEDULER_SERVICE_ACCOUNT: caller.email,
    };
    const { serviceName, uri } = new WorkloadService<z.ZodType>(
      name,
      {
        workload,
        env: { ...args.env, ...schedulerVariables },
        ingress: "internal",
        invokers: { scheduler: caller.member },
        after,
      },
      { parent: this },
    );
    new Schedule(
      name,
      { region, cron, endpoint: uri, caller, deadlineSeconds: timeoutSeconds },
      { parent: this },
    );
    new FaultAlert(name, { serviceName, alerting }, { parent: this });

    this.serviceName = serviceName;
    this.registerOutputs({ serviceName: this.serviceName });
  }
}
