import { count, unique } from "../../../review/rules/lists.ts";
import { duration } from "../../../review/rules/numbers.ts";
import { dependent, exactlyOneOf, requiredWith } from "../../../review/rules/presence.ts";
import { type CitedRules, cite, inObject, type Rule } from "../../../review/rules/rule.ts";
import { characters, matching, oneOf } from "../../../review/rules/text.ts";
import { nested, UNKNOWN } from "../../../review/rules/values.ts";
import { LOG_FILTER } from "../logging/rules.ts";
import {
  CONDITIONS,
  checkMatchedLog,
  checkReducers,
  HALF_MINUTES,
  LASTING_WITHOUT_DATA,
  METRIC_FILTER,
  PROMQL,
  WHOLE_MINUTES,
} from "./condition-rules.ts";

export const POLICIES = "https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies";
const CHANNELS = "https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.notificationChannels";
const LOG_ALERTS = "https://cloud.google.com/logging/docs/alerting/log-based-alerts";
/** The label by which a channel of each type names its recipient. */
const RECIPIENTS: Readonly<Record<string, string>> = {
  email: "email_address",
  google_chat: "space",
  pubsub: "topic",
  slack: "channel_name",
  sms: "number",
  webhook_basicauth: "url",
  webhook_tokenauth: "url",
};
const EMAIL = matching(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, "must be an e-mail address");

export const ALERT_POLICY_RULES: readonly CitedRules[] = [
  cite(POLICIES, {
    displayName: characters({ from: 1, to: 512 }),
    conditions: count({ from: 1, to: 6, what: "conditions" }),
    "conditions[]": exactlyOneOf(...CONDITIONS),
    "conditions[].conditionThreshold.duration": WHOLE_MINUTES,
    "conditions[].conditionMonitoringQueryLanguage.duration": WHOLE_MINUTES,
    "conditions[].conditionPrometheusQueryLanguage.duration": duration({
      from: 0,
      to: Number.POSITIVE_INFINITY,
    }),
    "conditions[].conditionPrometheusQueryLanguage.evaluationInterval": HALF_MINUTES,
    "conditions[].conditionPrometheusQueryLanguage.query": PROMQL,
    "conditions[].conditionAbsent.duration": [
      WHOLE_MINUTES,
      duration({ from: 120, to: 84_600, what: "without data" }),
    ],
    "conditions[].conditionThreshold.comparison": oneOf("COMPARISON_GT", "COMPARISON_LT"),
    "conditions[].conditionThreshold.trigger": exactlyOneOf("count", "percent"),
    "conditions[].conditionThreshold.aggregations": count({ to: 2, what: "aggregations" }),
    ...Object.fromEntries(
      ["conditionThreshold", "conditionAbsent"].flatMap((kind) => {
        const at = `conditions[].${kind}`;
        return [
          [`${at}.filter`, METRIC_FILTER],
          [`${at}.aggregations[]`, checkReducers],
          [
            `${at}.aggregations[].alignmentPeriod`,
            [WHOLE_MINUTES, duration({ from: 60, to: 90_000, what: "an alignment period" })],
          ],
        ];
      }),
    ),
    "conditions[].conditionThreshold": [
      exactlyOneOf("filter"),
      LASTING_WITHOUT_DATA,
      requiredWith("denominatorAggregations", "denominatorFilter"),
    ],
    "conditions[].conditionThreshold.denominatorFilter": METRIC_FILTER,
    "conditions[].conditionThreshold.forecastOptions.forecastHorizon": [
      WHOLE_MINUTES,
      duration({ from: 3_600, to: 216_000, what: "of a forecast" }),
    ],
    "conditions[].conditionMonitoringQueryLanguage": LASTING_WITHOUT_DATA,
    "conditions[].conditionMonitoringQueryLanguage.trigger": exactlyOneOf("count", "percent"),
    "conditions[].conditionAbsent.trigger": exactlyOneOf("count", "percent"),
    "conditions[].conditionSql": [
      exactlyOneOf("daily", "hourly", "minutes"),
      exactlyOneOf("booleanTest", "rowCountTest"),
    ],
    notificationChannels: [count({ to: 16, what: "notification channels" }), unique()],
    "notificationChannels[]": matching(
      /^projects\/[^/]+\/notificationChannels\/[^/]+$/,
      "must be a channel's whole name, projects/P/notificationChannels/ID",
    ),
    "documentation.content": characters({ to: 8_192 }),
    "documentation.subject": characters({ to: 255 }),
    "documentation.mimeType": oneOf("text/markdown"),
    "documentation.links": count({ to: 3, what: "links" }),
    "alertStrategy.autoClose": duration({
      from: 1_800,
      to: 7 * 86_400,
      what: "until an incident closes by itself",
    }),
  }),
  cite(LOG_ALERTS, {
    "": checkMatchedLog,
    "conditions[].conditionMatchedLog.filter": LOG_FILTER,
    "alertStrategy.notificationRateLimit.period": duration({
      from: 300,
      to: 172_800,
      what: "between notifications",
    }),
  }),
];

export const CHANNEL_RULES: readonly CitedRules[] = [
  cite(CHANNELS, {
    displayName: characters({ to: 512 }),
    description: characters({ to: 1_024 }),
  }),
  cite("https://cloud.google.com/monitoring/alerts/using-channels-api", {
    type: oneOf(...Object.keys(RECIPIENTS), "pagerduty"),
    "": [
      dependent("type", Object.keys(RECIPIENTS), { required: ["labels"] }),
      dependent("type", ["pagerduty", "slack", "webhook_basicauth"], { required: ["sensitiveLabels"] }),
      ...Object.entries(RECIPIENTS).map(([type, label]) => labelOf(type, label)),
    ],
    "labels.email_address": EMAIL,
    "labels.number": matching(/^\+[1-9]\d{6,14}$/, "must be a number of E.164, +15551234567"),
    "labels.topic": matching(
      /^projects\/[^/]+\/topics\/[^/]+$/,
      "must be a topic's whole name, projects/P/topics/T",
    ),
    "labels.url": matching(/^https?:\/\/[^/]+/, "must be a URL"),
  }),
];

function labelOf(type: string, label: string): Rule {
  return inObject((inputs, report) => {
    if (inputs.type !== type || inputs.labels === undefined || inputs.labels === UNKNOWN) return;
    if (nested(inputs, "labels")[label] === undefined)
      report(`labels.${label}`, `must be set where type is ${type}`);
  });
}
