import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";

export interface LogCounterArgs {
  /** Of Cloud Logging, beside the service whose lines are counted. */
  readonly filter: string;
  /** The Cloud Run service whose lines are counted. */
  readonly serviceName: pulumi.Input<string>;
  readonly description: string;
}

/** Counts lines of a workload's log, for alerts and charts. */
export class LogCounter extends pulumi.ComponentResource {
  /** For conditions, objectives and charts: the metric's own filter of Cloud Monitoring. */
  readonly metricFilter: pulumi.Output<string>;

  constructor(name: string, args: LogCounterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:foundation:LogCounter", name, args, opts);

    const metric = new gcp.logging.Metric(
      name,
      {
        description: args.description,
        filter: pulumi.interpolate`resource.type="cloud_run_revision" AND resource.labels.service_name="${args.serviceName}" AND ${args.filter}`,
        metricDescriptor: { metricKind: "DELTA", valueType: "INT64" },
      },
      { parent: this },
    );

    this.metricFilter = pulumi.interpolate`metric.type="logging.googleapis.com/user/${metric.name}" AND resource.type="cloud_run_revision"`;
    this.registerOutputs({ metricFilter: this.metricFilter });
  }
}
