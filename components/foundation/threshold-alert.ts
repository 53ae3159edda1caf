import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { type Alerting, documentation } from "./alert-channels.ts";

export interface ThresholdAlertArgs {
  /** A clause that follows "NAME: ". */
  readonly title: string;
  readonly severity: "CRITICAL" | "ERROR" | "WARNING";
  /** Each a sentence, by what Cloud Monitoring watches; one is enough. */
  readonly conditions: readonly (Omit<gcp.types.input.monitoring.AlertPolicyCondition, "displayName"> & {
    readonly displayName: string;
  })[];
  /** All of them, not one. @default false */
  readonly all?: boolean;
  /** What whoever is woken does first, in Markdown. */
  readonly advice: string;
  /** The name of a file of `docs/runbooks`, without its end. */
  readonly runbook: string;
  readonly alerting: Alerting;
}

/** Tells when what is measured goes beyond what it should. */
export class ThresholdAlert extends pulumi.ComponentResource {
  constructor(name: string, args: ThresholdAlertArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:foundation:ThresholdAlert", name, {}, opts);

    const { title, severity, conditions, all = false, advice, runbook, alerting } = args;
    new gcp.monitoring.AlertPolicy(
      name,
      {
        displayName: `${name}: ${title}`,
        combiner: all ? "AND" : "OR",
        severity,
        notificationChannels: [...alerting.channels],
        conditions: [...conditions],
        documentation: documentation(advice, runbook, alerting),
      },
      { parent: this },
    );

    this.registerOutputs({});
  }
}
