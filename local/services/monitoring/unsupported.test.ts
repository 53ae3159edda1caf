import type { Properties } from "../../../review/rules/values.ts";
import { describeUnsupported } from "../testing/refusals.ts";
import { MONITORING_KINDS } from "./kinds.ts";

const REQUESTS = 'metric.type="run.googleapis.com/request_count" resource.type="cloud_run_revision"';
const at = "conditions[0].conditionThreshold";

describeUnsupported(MONITORING_KINDS, "gcp:monitoring/alertPolicy:AlertPolicy", [
  [policy(threshold({})), []],
  [
    policy([{ displayName: "c", conditionPrometheusQueryLanguage: { query: "up" } }]),
    ["conditions[0].conditionPrometheusQueryLanguage"],
  ],
  [
    policy([{ displayName: "c", conditionMonitoringQueryLanguage: { query: "up" } }]),
    ["conditions[0].conditionMonitoringQueryLanguage"],
  ],
  [policy([{ displayName: "c", conditionSql: { query: "up" } }]), ["conditions[0].conditionSql"]],
  [policy([{ displayName: "c", conditionAbsent: { duration: "120s", filter: REQUESTS } }]), []],
  [
    policy([
      {
        displayName: "c",
        conditionAbsent: {
          duration: "120s",
          filter: 'metric.type="compute.googleapis.com/x" resource.type="y"',
          trigger: { count: 2 },
        },
      },
    ]),
    ["conditions[0].conditionAbsent.trigger", "conditions[0].conditionAbsent.filter"],
  ],
  [
    policy(threshold({ filter: 'metric.type="compute.googleapis.com/x" resource.type="y"' })),
    [`${at}.filter`],
  ],
  [policy(threshold({ filter: 'metric.type=starts_with("x") resource.type="y"' })), [`${at}.filter`]],
  [policy(threshold({ filter: 'select_slo_burn_rate("projects/p/services/s", "1h")' })), []],
  [policy(threshold({ filter: 'select_slo_health("projects/p/services/s")' })), [`${at}.filter`]],
  [
    policy(threshold({ aggregations: [{ perSeriesAligner: "ALIGN_INTERPOLATE" }] })),
    [`${at}.aggregations[0].perSeriesAligner`],
  ],
  [policy(threshold({ aggregations: [{}, {}] })), [`${at}.aggregations`]],
  [policy(threshold({ denominatorFilter: REQUESTS })), []],
  [
    policy(
      threshold({
        denominatorFilter: 'metric.type="compute.googleapis.com/x" resource.type="y"',
        denominatorAggregations: [{ alignmentPeriod: "60s" }],
      }),
    ),
    [`${at}.denominatorFilter`, `${at}.denominatorAggregations`],
  ],
  [
    policy(threshold({ evaluationMissingData: "EVALUATION_MISSING_DATA_ACTIVE" })),
    [`${at}.evaluationMissingData`],
  ],
  [policy(threshold({}), { combiner: "AND_WITH_MATCHING_RESOURCE" }), ["combiner"]],
  [
    policy([{ displayName: "c", conditionMatchedLog: { filter: '"lost"', labelExtractors: { a: "b" } } }]),
    ["conditions[0].conditionMatchedLog.labelExtractors", "conditions[0].conditionMatchedLog.filter"],
  ],
]);

function threshold(more: Properties): readonly Properties[] {
  return [
    {
      displayName: "c",
      conditionThreshold: {
        filter: 'metric.type="run.googleapis.com/request_count" resource.type="cloud_run_revision"',
        comparison: "COMPARISON_GT",
        duration: "0s",
        ...more,
      },
    },
  ];
}

function policy(conditions: readonly Properties[], more: Properties = {}): Properties {
  return { conditions, ...more };
}

const ratio = (more: Properties) => ({ requestBasedSli: { goodTotalRatio: more } });

describeUnsupported(MONITORING_KINDS, "gcp:monitoring/slo:Slo", [
  [ratio({ goodServiceFilter: REQUESTS, totalServiceFilter: REQUESTS }), []],
  [
    ratio({ badServiceFilter: REQUESTS, totalServiceFilter: REQUESTS }),
    ["requestBasedSli.goodTotalRatio.badServiceFilter"],
  ],
  [{ requestBasedSli: { distributionCut: {} } }, ["requestBasedSli.distributionCut"]],
  [{ windowsBasedSli: {} }, ["windowsBasedSli"]],
  [{ basicSli: {} }, ["basicSli"]],
]);
