import * as pulumi from "@pulumi/pulumi";
import type { Alerting } from "../foundation/alert-channels.ts";
import { LogCounter } from "../foundation/log-counter.ts";
import { ThresholdAlert } from "../foundation/threshold-alert.ts";
import { PlatformDashboard } from "./platform-dashboard.ts";
import { RenewalObjective } from "./renewal-objective.ts";

const HOUR_SECONDS = 3_600;
/** Of the renewals within six hours. */
const MOST_FAILED_SHARE = 0.2;
/** Fewer tell nothing about a share. */
const FEWEST_FAILED = 5;
/** Answers a second with a status of 500 or more. */
const MOST_ERRORS_PER_SECOND = 0.05;

export interface PlatformMonitoringArgs {
  /** Names of the Cloud Run services. */
  readonly services: Readonly<
    Record<"api" | "hosting" | "issuer" | "tokenProxy" | "watcher", pulumi.Output<string>>
  >;
  readonly alerting: Alerting;
}

/** Tells of what is wrong with the platform as a whole, where a domain's own alerts would come too late. */
export class PlatformMonitoring extends pulumi.ComponentResource {
  constructor(name: string, args: PlatformMonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:PlatformMonitoring", name, {}, opts);

    const { services, alerting } = args;
    const parent = { parent: this };
    const counter = (key: string, description: string, filter: string) =>
      new LogCounter(`${name}-${key}`, { serviceName: services.issuer, filter, description }, parent)
        .metricFilter;
    const event = 'jsonPayload.message="Domain event"';
    const failed = 'jsonPayload.event.type="failed" AND jsonPayload.event.isRenewal=true';
    const renewed = 'jsonPayload.event.type="renewed"';
    const renewals = {
      failed: counter("renewals-failed", "Renewals that failed", `${event} AND ${failed}`),
      ended: counter(
        "renewals-ended",
        "Renewals that ended, one way or the other",
        `${event} AND (${renewed} OR (${failed}))`,
      ),
    };
    const budgetSpent = counter(
      "budget-spent",
      "Orders and removals that found a budget of the CA's or the CDN's spent, and wait",
      "jsonPayload.limit:*",
    );

    const inSixHours = [
      {
        alignmentPeriod: `${6 * HOUR_SECONDS}s`,
        perSeriesAligner: "ALIGN_DELTA",
        crossSeriesReducer: "REDUCE_SUM",
      },
    ];
    new ThresholdAlert(
      `${name}-renewals`,
      {
        title: "too many renewals fail",
        severity: "ERROR",
        all: true,
        conditions: [
          {
            displayName: `More than ${MOST_FAILED_SHARE * 100} % of the renewals within six hours failed`,
            conditionThreshold: {
              filter: renewals.failed,
              denominatorFilter: renewals.ended,
              comparison: "COMPARISON_GT",
              thresholdValue: MOST_FAILED_SHARE,
              duration: "0s",
              aggregations: inSixHours,
              denominatorAggregations: inSixHours,
            },
          },
          {
            displayName: `More than ${FEWEST_FAILED} of them failed`,
            conditionThreshold: {
              filter: renewals.failed,
              comparison: "COMPARISON_GT",
              thresholdValue: FEWEST_FAILED,
              duration: "0s",
              aggregations: inSixHours,
            },
          },
        ],
        advice:
          "One cause for many domains: the CA, the CDN, or a release of ours. Read the reasons in the issuer's log, look at both status pages, and see the runbook.",
        runbook: "renewal-failing",
        alerting,
      },
      parent,
    );
    new ThresholdAlert(
      `${name}-budgets`,
      {
        title: "a budget of the CA or the CDN is spent",
        severity: "WARNING",
        conditions: [
          {
            displayName: "Work has waited for a budget for a quarter of an hour, again and again",
            conditionThreshold: {
              filter: budgetSpent,
              comparison: "COMPARISON_GT",
              thresholdValue: 0,
              duration: "900s",
              aggregations: [
                {
                  alignmentPeriod: "300s",
                  perSeriesAligner: "ALIGN_DELTA",
                  crossSeriesReducer: "REDUCE_SUM",
                },
              ],
            },
          },
        ],
        advice:
          "Work waits until there is more; renewals go first. The issuer's log names the limit and when it allows more. If it lasts, ask the CA or Fastly for a higher one.",
        runbook: "budget-spent",
        alerting,
      },
      parent,
    );
    new ThresholdAlert(
      `${name}-errors`,
      {
        title: "answers are errors",
        severity: "ERROR",
        conditions: (["api", "tokenProxy", "hosting"] as const).map((key) => ({
          displayName: `${key}: an answer in twenty seconds has a status of 500 or more, for five minutes`,
          conditionThreshold: {
            filter: pulumi.interpolate`resource.type="cloud_run_revision" AND resource.labels.service_name="${services[key]}" AND metric.type="run.googleapis.com/request_count" AND metric.labels.response_code_class="5xx"`,
            comparison: "COMPARISON_GT",
            thresholdValue: MOST_ERRORS_PER_SECOND,
            duration: "300s",
            aggregations: [
              {
                alignmentPeriod: "60s",
                perSeriesAligner: "ALIGN_RATE",
                crossSeriesReducer: "REDUCE_SUM",
              },
            ],
          },
        })),
        advice:
          "Read the service's log. Errors of the token proxy make orders fail, those of hosting every visitor sees. If a new revision brought them, go back to the one before.",
        runbook: "answers-are-errors",
        alerting,
      },
      parent,
    );
    const objective = new RenewalObjective(
      `${name}-renewal`,
      { watcherName: services.watcher, alerting },
      parent,
    );
    new PlatformDashboard(
      `${name}-dashboard`,
      {
        title: name,
        charts: {
          "Rounds of the watcher": objective.rounds,
          "Rounds in which the promise was kept": objective.goodRounds,
          "Renewals that ended": renewals.ended,
          "Renewals that failed": renewals.failed,
          "Work that waits for a budget": budgetSpent,
          "Oldest waiting message, in seconds":
            'metric.type="pubsub.googleapis.com/subscription/oldest_unacked_message_age" AND resource.type="pubsub_subscription"',
          "Answers of the services":
            'metric.type="run.googleapis.com/request_count" AND resource.type="cloud_run_revision"',
          Instances:
            'metric.type="run.googleapis.com/container/instance_count" AND resource.type="cloud_run_revision"',
        },
      },
      parent,
    );

    this.registerOutputs({});
  }
}
