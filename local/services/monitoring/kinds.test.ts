import type { Properties } from "../../../review/rules/values.ts";
import { describeAcceptance, describeRefusals } from "../testing/refusals.ts";
import { MONITORING_KINDS } from "./kinds.ts";

const POLICIES = "projects.alertPolicies";
const SDK = "@pulumi/gcp";
const LOG_ALERTS = "log-based-alerts";
const CHANNELS = "using-channels-api";
const THRESHOLD = "conditions[0].conditionThreshold";

function promQl(settings: Properties): Properties {
  return { displayName: "c", conditionPrometheusQueryLanguage: { query: "up == 0", ...settings } };
}

describeRefusals(
  MONITORING_KINDS,
  "gcp:monitoring/alertPolicy:AlertPolicy",
  {
    displayName: "Too old",
    combiner: "OR",
    conditions: [
      {
        displayName: "c",
        conditionThreshold: {
          filter: 'metric.type="a.googleapis.com/b" AND resource.type="c" AND resource.labels.d="e"',
          comparison: "COMPARISON_GT",
          duration: "300s",
          thresholdValue: 1,
          aggregations: [{ alignmentPeriod: "60s", perSeriesAligner: "ALIGN_MAX" }],
        },
      },
    ],
    notificationChannels: ["projects/acme/notificationChannels/1"],
  },
  [
    [{ conditions: [] }, "conditions must be 1 to 6 conditions", POLICIES],
    [
      { "conditions[0].conditionThreshold": undefined },
      "conditions[0].conditionAbsent must be set, or",
      POLICIES,
      "userLabels",
    ],
    [
      { [`${THRESHOLD}.duration`]: "90s" },
      `${THRESHOLD}.duration must be a whole number of minutes`,
      POLICIES,
    ],
    [
      { [`${THRESHOLD}.comparison`]: "COMPARISON_GE" },
      `${THRESHOLD}.comparison must be one of COMPARISON_GT, COMPARISON_LT`,
      POLICIES,
    ],
    [{ [`${THRESHOLD}.filter`]: undefined }, `${THRESHOLD}.filter must be set`, POLICIES],
    [
      { [`${THRESHOLD}.filter`]: "" },
      `${THRESHOLD}.filter must be a filter of Monitoring, and it is empty`,
      POLICIES,
    ],
    [
      { [`${THRESHOLD}.filter`]: 'resource.type="c"' },
      `${THRESHOLD}.filter must be a filter of Monitoring, and it names no metric.type`,
      POLICIES,
    ],
    [
      { [`${THRESHOLD}.filter`]: 'metric.type="c"' },
      `${THRESHOLD}.filter must be a filter of Monitoring, and it names no resource.type`,
      POLICIES,
    ],
    [
      { [`${THRESHOLD}.filter`]: 'metric.type="a" resource.type="b" severity="c"' },
      `${THRESHOLD}.filter must be a filter of Monitoring, and it names severity`,
      POLICIES,
    ],
    [
      { [`${THRESHOLD}.filter`]: 'metric.type="a" AND (resource.type="b"' },
      `${THRESHOLD}.filter must be a filter of Monitoring, and it ends too early`,
      POLICIES,
    ],
    [
      { [`${THRESHOLD}.filter`]: `metric.type="${"a".repeat(2_048)}" resource.type="b"` },
      `${THRESHOLD}.filter must have at most 2048 characters`,
      POLICIES,
    ],
    [
      { [`${THRESHOLD}.aggregations[0].perSeriesAligner`]: "ALIGN_MOST" },
      `${THRESHOLD}.aggregations[0].perSeriesAligner must be one of ALIGN_NONE`,
      SDK,
    ],
    [
      { [`${THRESHOLD}.aggregations[0].crossSeriesReducer`]: "REDUCE_ALL" },
      `${THRESHOLD}.aggregations[0].crossSeriesReducer must be one of REDUCE_NONE`,
      SDK,
    ],
    [
      { [`${THRESHOLD}.aggregations[0]`]: { alignmentPeriod: "60s", crossSeriesReducer: "REDUCE_SUM" } },
      `${THRESHOLD}.aggregations[0].perSeriesAligner must align, beside crossSeriesReducer`,
      POLICIES,
    ],
    [
      { [`${THRESHOLD}.aggregations[0].alignmentPeriod`]: "30s" },
      `${THRESHOLD}.aggregations[0].alignmentPeriod must be a whole number of minutes`,
      POLICIES,
    ],
    [
      { [`${THRESHOLD}.aggregations[0].alignmentPeriod`]: "0s" },
      `${THRESHOLD}.aggregations[0].alignmentPeriod must be a duration from "60s"`,
      POLICIES,
    ],
    [
      { [`${THRESHOLD}.trigger`]: { count: 1, percent: 5 } },
      `${THRESHOLD}.trigger.percent must be absent beside count`,
      POLICIES,
      "userLabels",
    ],
    [
      { [`${THRESHOLD}.evaluationMissingData`]: "OFF" },
      `${THRESHOLD}.evaluationMissingData must be one of`,
      SDK,
    ],
    [
      { "conditions[0]": { displayName: "c", conditionAbsent: { duration: "60s" } } },
      'conditions[0].conditionAbsent.duration must be a duration from "120s"',
      POLICIES,
    ],
    [
      { "alertStrategy.notificationRateLimit.period": "300s" },
      "alertStrategy.notificationRateLimit must be absent unless a condition is conditionMatchedLog",
      LOG_ALERTS,
      "severity",
    ],
    [
      { "conditions[0]": promQl({ query: "sum(rate(" }) },
      "conditions[0].conditionPrometheusQueryLanguage.query must close every ( that it opens",
      POLICIES,
    ],
    [
      { "conditions[0]": promQl({ query: 'up{job="api}' }) },
      "conditions[0].conditionPrometheusQueryLanguage.query must close every string that it opens",
      POLICIES,
    ],
    [
      { "conditions[0]": promQl({ evaluationInterval: "45s" }) },
      "conditions[0].conditionPrometheusQueryLanguage.evaluationInterval must be a positive multiple of 30",
      POLICIES,
    ],
    [
      { "conditions[0]": promQl({ duration: "1m" }) },
      "conditions[0].conditionPrometheusQueryLanguage.duration must be a duration of at least",
      POLICIES,
    ],
    [{ severity: "FATAL" }, "severity must be one of CRITICAL, ERROR, WARNING", SDK],
    [{ combiner: "XOR" }, "combiner must be one of AND, OR", SDK],
    [{ displayName: "x".repeat(513) }, "displayName must have 1 to 512 characters", POLICIES],
    [
      { "documentation.content": "x".repeat(8_193) },
      "documentation.content must have at most 8192 characters",
      POLICIES,
    ],
    [
      { "documentation.subject": "x".repeat(256) },
      "documentation.subject must have at most 255 characters",
      POLICIES,
    ],
    [
      { "documentation.mimeType": "text/html" },
      "documentation.mimeType must be one of text/markdown",
      POLICIES,
    ],
    [
      { "notificationChannels[0]": "ops" },
      "notificationChannels[0] must be a channel's whole name",
      POLICIES,
    ],
    [
      { "alertStrategy.autoClose": "60s" },
      'alertStrategy.autoClose must be a duration from "1800s"',
      POLICIES,
    ],
    [
      { "alertStrategy.notificationPrompts": ["SNOOZED"] },
      "alertStrategy.notificationPrompts[0] must be one of NOTIFICATION_PROMPT_UNSPECIFIED, OPENED",
      SDK,
    ],
    [
      { "conditions[0]": { displayName: "c", conditionMatchedLog: { filter: "severity>=ERROR" } } },
      "alertStrategy.notificationRateLimit must be set for conditionMatchedLog",
      LOG_ALERTS,
      "severity",
    ],
    [
      {
        "conditions[1]": { displayName: "c", conditionMatchedLog: { filter: "severity>=ERROR" } },
        "alertStrategy.notificationRateLimit.period": "300s",
      },
      "conditions must hold conditionMatchedLog alone",
      LOG_ALERTS,
    ],
    [
      {
        "conditions[0]": { displayName: "c", conditionMatchedLog: { filter: "severity>=LOUD" } },
        "alertStrategy.notificationRateLimit.period": "300s",
      },
      "conditions[0].conditionMatchedLog.filter must be a filter of Logging's query language, and it compares severity",
      LOG_ALERTS,
    ],
    [
      {
        "conditions[0]": { displayName: "c", conditionMatchedLog: { filter: "severity>=ERROR" } },
        "alertStrategy.notificationRateLimit.period": "60s",
      },
      'alertStrategy.notificationRateLimit.period must be a duration from "300s"',
      LOG_ALERTS,
    ],
  ],
);

describeAcceptance(
  MONITORING_KINDS,
  "gcp:monitoring/alertPolicy:AlertPolicy",
  { displayName: "Too old", combiner: "OR" },
  [
    { conditions: [promQl({ duration: "30s" })] },
    { conditions: [promQl({ duration: "90s", evaluationInterval: "30s" })] },
    { conditions: [promQl({ query: 'rate(errors{path=~"/a[(].*"}[5m]) > 1 # {' })] },
    {
      conditions: [
        {
          displayName: "c",
          conditionThreshold: {
            filter: 'select_slo_burn_rate("projects/p/services/s/serviceLevelObjectives/o", "3600s")',
            comparison: "COMPARISON_GT",
            duration: "0s",
          },
        },
      ],
    },
  ],
);

describeRefusals(
  MONITORING_KINDS,
  "gcp:monitoring/notificationChannel:NotificationChannel",
  { type: "email", labels: { email_address: "ops@acme.test" } },
  [
    [{ type: "fax" }, "type must be one of email", CHANNELS],
    [{ labels: undefined }, "labels must be set where type is email", CHANNELS],
    [{ labels: { address: "x" } }, "labels.email_address must be set where type is email", CHANNELS],
    [{ "labels.email_address": "ops" }, "labels.email_address must be an e-mail address", CHANNELS],
    [
      { type: "slack", labels: { channel_name: "#ops" } },
      "sensitiveLabels must be set where type is slack",
      CHANNELS,
    ],
    [{ type: "sms", labels: { number: "555" } }, "labels.number must be a number of E.164", CHANNELS],
    [{ type: "pubsub", labels: { topic: "t" } }, "labels.topic must be a topic's whole name", CHANNELS],
    [{ type: "pagerduty" }, "sensitiveLabels must be set where type is pagerduty", CHANNELS],
    [{ type: "webhook_tokenauth", labels: { url: "acme.test" } }, "labels.url must be a URL", CHANNELS],
  ],
);

describeRefusals(
  MONITORING_KINDS,
  "gcp:monitoring/alertPolicy:AlertPolicy",
  {
    displayName: "Too many",
    combiner: "OR",
    conditions: [
      {
        displayName: "a",
        conditionMonitoringQueryLanguage: { query: "fetch a::b | condition val() > 1", duration: "60s" },
      },
    ],
  },
  [
    [
      {
        "conditions[0].conditionMonitoringQueryLanguage.duration": "0s",
        "conditions[0].conditionMonitoringQueryLanguage.evaluationMissingData":
          "EVALUATION_MISSING_DATA_ACTIVE",
      },
      "conditions[0].conditionMonitoringQueryLanguage.evaluationMissingData must be absent where duration is 0s",
      POLICIES,
    ],
  ],
);

describeRefusals(
  MONITORING_KINDS,
  "gcp:monitoring/slo:Slo",
  { service: "s", goal: 0.9, rollingPeriodDays: 28, windowsBasedSli: { goodBadMetricFilter: "x" } },
  [
    [
      { "windowsBasedSli.metricMeanInRange": { timeSeries: "t", range: { max: 1 } } },
      "windowsBasedSli.metricMeanInRange must be absent beside goodBadMetricFilter",
      "serviceLevelObjectives",
    ],
  ],
);
