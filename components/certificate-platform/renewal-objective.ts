import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import type { Alerting } from "../foundation/alert-channels.ts";
import { LogCounter } from "../foundation/log-counter.ts";
import { ThresholdAlert } from "../foundation/threshold-alert.ts";

/** Of the watcher's rounds, one a minute: in so many must the promise be kept. */
const GOAL = 0.99;
const PERIOD_DAYS = 28;
/** Of the active domains, so many must have the life left that was promised, for the promise to be kept. */
const HEALTHY_SHARE = 0.999;
/** As Google's own handbook has them: 2 % of the budget in an hour, 5 % in six. */
const BURN_RATES = [
  { key: "fast", lookback: "3600s", rate: 13.44, severity: "CRITICAL" },
  { key: "slow", lookback: "21600s", rate: 5.6, severity: "ERROR" },
] as const;
/** Rounds come each minute. */
const SILENCE_SECONDS = 900;

export interface RenewalObjectiveArgs {
  readonly watcherName: pulumi.Input<string>;
  readonly alerting: Alerting;
}

/** The promise that certificates keep a quarter of their life, watched minute by minute, and told of while there is time. */
export class RenewalObjective extends pulumi.ComponentResource {
  /** Filters of Cloud Monitoring, for charts. */
  readonly rounds: pulumi.Output<string>;
  readonly goodRounds: pulumi.Output<string>;

  constructor(name: string, args: RenewalObjectiveArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:RenewalObjective", name, {}, opts);

    const { watcherName: serviceName, alerting } = args;
    const seen = 'jsonPayload.message="Domains seen"';
    const rounds = new LogCounter(
      `${name}-rounds`,
      { serviceName, filter: seen, description: "Rounds in which the watcher saw all domains" },
      { parent: this },
    );
    const goodRounds = new LogCounter(
      `${name}-good-rounds`,
      {
        serviceName,
        filter: `${seen} AND jsonPayload.domains.healthyShare>=${HEALTHY_SHARE}`,
        description: `Those in which ${HEALTHY_SHARE * 100} % of active domains had the life left that was promised`,
      },
      { parent: this },
    );
    const service = new gcp.monitoring.CustomService(
      name,
      { serviceId: name, displayName: "Certificates that are live" },
      { parent: this },
    );
    const objective = new gcp.monitoring.Slo(
      name,
      {
        service: service.serviceId,
        sloId: "life-left",
        displayName: `${HEALTHY_SHARE * 100} % of active domains have more than a quarter of their lifetime left`,
        goal: GOAL,
        rollingPeriodDays: PERIOD_DAYS,
        requestBasedSli: {
          goodTotalRatio: {
            goodServiceFilter: goodRounds.metricFilter,
            totalServiceFilter: rounds.metricFilter,
          },
        },
      },
      { parent: this },
    );
    for (const { key, lookback, rate, severity } of BURN_RATES) {
      new ThresholdAlert(
        `${name}-${key}-burn`,
        {
          title: "certificates lose their life faster than they are renewed",
          severity,
          conditions: [
            {
              displayName: `The error budget burns ${rate} times as fast as it may, over ${lookback}`,
              conditionThreshold: {
                filter: pulumi.interpolate`select_slo_burn_rate("${objective.name}", "${lookback}")`,
                comparison: "COMPARISON_GT",
                thresholdValue: rate,
                duration: "0s",
              },
            },
          ],
          advice:
            "Too many certificates are not renewed in time. The alerts on renewals, on budgets and on waiting messages say why; the runbook says what to do.",
          runbook: "expiring",
          alerting,
        },
        { parent: this },
      );
    }
    new ThresholdAlert(
      `${name}-silent`,
      {
        title: "nobody looks at the domains",
        severity: "CRITICAL",
        conditions: [
          {
            displayName: `The watcher has finished no round for ${SILENCE_SECONDS} s`,
            conditionAbsent: {
              filter: rounds.metricFilter,
              duration: `${SILENCE_SECONDS}s`,
              aggregations: [
                {
                  alignmentPeriod: "60s",
                  perSeriesAligner: "ALIGN_DELTA",
                  crossSeriesReducer: "REDUCE_SUM",
                },
              ],
            },
          },
        ],
        advice:
          "Without the watcher no certificate is renewed. Read its errors and those of the domain API, and see in Cloud Scheduler whether its job runs.",
        runbook: "watcher-silent",
        alerting,
      },
      { parent: this },
    );

    this.rounds = rounds.metricFilter;
    this.goodRounds = goodRounds.metricFilter;
    this.registerOutputs({});
  }
}
