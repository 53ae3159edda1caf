import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { type Alerting, documentation } from "../foundation/alert-channels.ts";

/** Between two notifications of an incident: a fault that meets every message is told of once an hour. */
const NOTIFICATION_SECONDS = 3_600;
/** After so long without a further error an incident is over. */
const AUTO_CLOSE_SECONDS = 3_600;

export interface FaultAlertArgs {
  /** Of the Cloud Run service. */
  readonly serviceName: pulumi.Input<string>;
  readonly alerting: Alerting;
}

/**
 * Tells of what a workload logs as an error and leaves at that: a fault that only its operators can
 * mend. What is tried again is not told of; in the end it is a dead letter.
 */
export class FaultAlert extends pulumi.ComponentResource {
  constructor(name: string, args: FaultAlertArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:serverless:FaultAlert", name, {}, opts);

    new gcp.monitoring.AlertPolicy(
      `${name}-faults`,
      {
        displayName: `${name}: a fault of the platform's own`,
        combiner: "OR",
        severity: "ERROR",
        notificationChannels: [...args.alerting.channels],
        conditions: [
          {
            displayName: "An error that no other delivery mends",
            conditionMatchedLog: {
              // A structured line is the workload's own; Cloud Run's log of requests has none.
              filter: pulumi.interpolate`resource.type="cloud_run_revision" AND resource.labels.service_name="${args.serviceName}" AND severity>=ERROR AND jsonPayload.message:* AND NOT jsonPayload.outcome="retry"`,
            },
          },
        ],
        alertStrategy: {
          notificationRateLimit: { period: `${NOTIFICATION_SECONDS}s` },
          autoClose: `${AUTO_CLOSE_SECONDS}s`,
        },
        documentation: documentation(
          `\`${name}\` gave up on a message for a reason of the platform's own. Read the service's errors, mend the cause, then register the domains that they name again.`,
          "platform-fault",
          args.alerting,
        ),
      },
      { parent: this },
    );

    this.registerOutputs({});
  }
}
