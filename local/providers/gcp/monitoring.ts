import { stableNumber } from "../../cloud/kernel/stable-number.ts";
import type { Kind, Report } from "../kind.ts";
import { count } from "../rules/lists.ts";
import { seconds } from "../rules/numbers.ts";
import { exactlyOneOf } from "../rules/presence.ts";
import { cite, inObject, ofText } from "../rules/rule.ts";
import { oneOf } from "../rules/text.ts";
import { isProperties, listed, type Properties, UNKNOWN } from "../values.ts";
import { projectId } from "./names.ts";

const POLICIES = "https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies";

const CONDITIONS = [
  "conditionAbsent",
  "conditionMatchedLog",
  "conditionMonitoringQueryLanguage",
  "conditionPrometheusQueryLanguage",
  "conditionSql",
  "conditionThreshold",
];
const CHANNEL_TYPES = [
  "email",
  "pagerduty",
  "pubsub",
  "slack",
  "sms",
  "webhook_basicauth",
  "webhook_tokenauth",
];

const WHOLE_MINUTES = ofText((text) =>
  seconds(text) % 60 === 0 ? undefined : 'must be a whole number of minutes in seconds, "120s"',
);

const alertPolicy: Kind = {
  token: "gcp:monitoring/alertPolicy:AlertPolicy",
  recorded: true,
  defaults: () => ({ enabled: true }),
  rules: [
    cite(POLICIES, {
      combiner: oneOf("AND", "OR", "AND_WITH_MATCHING_RESOURCE"),
      severity: oneOf("CRITICAL", "ERROR", "WARNING"),
      conditions: count({ from: 1, to: 6, what: "conditions" }),
      "conditions[]": exactlyOneOf(...CONDITIONS),
      ...Object.fromEntries(CONDITIONS.map((kind) => [`conditions[].${kind}.duration`, WHOLE_MINUTES])),
    }),
    cite("https://cloud.google.com/logging/docs/alerting/log-based-alerts", {
      "": inObject(checkMatchedLog),
    }),
  ],
  id: (inputs, urn) => `${projectId(inputs)}/alertPolicies/${stableNumber(urn, 19)}`,
  outputs: ({ id }) => ({ name: id, creationRecords: [] }),
};

const notificationChannel: Kind = {
  token: "gcp:monitoring/notificationChannel:NotificationChannel",
  recorded: true,
  defaults: () => ({ enabled: true, forceDelete: false }),
  rules: [
    cite("https://cloud.google.com/monitoring/alerts/using-channels-api", { type: oneOf(...CHANNEL_TYPES) }),
  ],
  id: (inputs, urn) => `${projectId(inputs)}/notificationChannels/${stableNumber(urn, 19)}`,
  outputs: ({ id }) => ({ name: id, verificationStatus: "" }),
};

export const MONITORING_KINDS: readonly Kind[] = [alertPolicy, notificationChannel];

/** A condition on logs stands alone and says how often it may notify. */
function checkMatchedLog(inputs: Properties, report: Report): void {
  const isMatchedLog = listed(inputs, "conditions").some(
    (condition) =>
      isProperties(condition) &&
      condition.conditionMatchedLog !== undefined &&
      condition.conditionMatchedLog !== UNKNOWN,
  );
  if (!isMatchedLog) return;
  if (listed(inputs, "conditions").length > 1) {
    report("conditions", "must hold conditionMatchedLog alone");
  }
  const { alertStrategy } = inputs;
  if (alertStrategy === undefined || (isProperties(alertStrategy) && !alertStrategy.notificationRateLimit)) {
    report("alertStrategy.notificationRateLimit", "must be set for conditionMatchedLog");
  }
}
