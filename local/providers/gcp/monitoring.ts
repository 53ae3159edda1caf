import { stableNumber } from "../../cloud/kernel/stable-number.ts";
import type { Kind } from "../kind.ts";
import { isProperties, listed, nested, type Properties } from "../values.ts";
import { checkWord, projectId, seconds } from "./names.ts";

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

const alertPolicy: Kind = {
  token: "gcp:monitoring/alertPolicy:AlertPolicy",
  recorded: true,
  defaults: () => ({ enabled: true }),
  check(inputs, report) {
    checkWord(inputs.combiner, "combiner", ["AND", "OR", "AND_WITH_MATCHING_RESOURCE"], report);
    checkWord(inputs.severity, "severity", ["CRITICAL", "ERROR", "WARNING"], report);
    const { conditions } = inputs;
    if (Array.isArray(conditions) && conditions.length === 0) report("conditions", "must hold a condition");
    for (const [index, condition] of listed(inputs, "conditions").entries()) {
      if (!isProperties(condition)) continue;
      const at = `conditions[${index}]`;
      const kinds = CONDITIONS.filter((kind) => condition[kind] !== undefined);
      if (kinds.length !== 1) report(at, `must have exactly one of ${CONDITIONS.join(", ")}`);
      for (const kind of kinds) {
        const { duration } = nested(condition, kind);
        if (typeof duration === "string" && !isWholeMinutes(duration)) {
          report(`${at}.${kind}.duration`, 'must be a whole number of minutes in seconds, "120s"');
        }
      }
      if (condition.conditionMatchedLog !== undefined) checkMatchedLog(inputs, report);
    }
  },
  id: (inputs, urn) => `${projectId(inputs)}/alertPolicies/${stableNumber(urn, 19)}`,
  outputs: ({ id }) => ({ name: id, creationRecords: [] }),
};

const notificationChannel: Kind = {
  token: "gcp:monitoring/notificationChannel:NotificationChannel",
  recorded: true,
  defaults: () => ({ enabled: true, forceDelete: false }),
  check: (inputs, report) => checkWord(inputs.type, "type", CHANNEL_TYPES, report),
  id: (inputs, urn) => `${projectId(inputs)}/notificationChannels/${stableNumber(urn, 19)}`,
  outputs: ({ id }) => ({ name: id, verificationStatus: "" }),
};

export const MONITORING_KINDS: readonly Kind[] = [alertPolicy, notificationChannel];

function isWholeMinutes(duration: string): boolean {
  return seconds(duration) % 60 === 0;
}

/** A condition on logs stands alone and says how often it may notify. */
function checkMatchedLog(inputs: Properties, report: Parameters<NonNullable<Kind["check"]>>[1]): void {
  if (listed(inputs, "conditions").length > 1) {
    report("conditions", "must hold conditionMatchedLog alone");
  }
  const { alertStrategy } = inputs;
  if (alertStrategy === undefined || (isProperties(alertStrategy) && !alertStrategy.notificationRateLimit)) {
    report("alertStrategy.notificationRateLimit", "must be set for conditionMatchedLog");
  }
}
