import { brokenExpression } from "../../../review/rules/brackets.ts";
import { seconds } from "../../../review/rules/numbers.ts";
import { presence } from "../../../review/rules/presence.ts";
import { inObject, ofText, type Rule } from "../../../review/rules/rule.ts";
import { isProperties, listed, nested } from "../../../review/rules/values.ts";
import { metricFilterProblem } from "./metric-filter-rules.ts";

/** Monitoring's own limit. @see https://cloud.google.com/monitoring/api/v3/filters */
const MOST_FILTER_CHARACTERS = 2_048;

export const CONDITIONS = [
  "conditionAbsent",
  "conditionMatchedLog",
  "conditionMonitoringQueryLanguage",
  "conditionPrometheusQueryLanguage",
  "conditionSql",
  "conditionThreshold",
];

export const WHOLE_MINUTES = ofText((text) =>
  seconds(text) % 60 === 0 ? undefined : 'must be a whole number of minutes in seconds, "120s"',
);

/** How often a query of PromQL is asked. */
export const HALF_MINUTES = ofText((text) =>
  seconds(text) > 0 && seconds(text) % 30 === 0
    ? undefined
    : 'must be a positive multiple of 30 seconds, "60s"',
);

/** What missing data mean is of use only where a condition has to last. */
export const LASTING_WITHOUT_DATA: Rule = inObject(({ duration, evaluationMissingData }, report) => {
  if (presence(evaluationMissingData) !== "set" || typeof duration !== "string") return;
  if (seconds(duration) === 0)
    report("evaluationMissingData", `must be absent where duration is ${duration}`);
});

/** As far as can be told without Prometheus itself. */
export const PROMQL = ofText((text) =>
  text.trim() === "" ? "must be an expression of PromQL" : brokenExpression(text, /#[^\n]*/g),
);

export const METRIC_FILTER = ofText((text) => {
  if ([...text].length > MOST_FILTER_CHARACTERS)
    return `must have at most ${MOST_FILTER_CHARACTERS} characters`;
  const problem = metricFilterProblem(text);
  return problem && `must be a filter of Monitoring, and it ${problem}`;
});

/** Reducing takes series whose points lie at the same times. */
export const checkReducers: Rule = inObject(
  ({ crossSeriesReducer, perSeriesAligner, alignmentPeriod }, report) => {
    if (typeof crossSeriesReducer !== "string" || crossSeriesReducer === "REDUCE_NONE") return;
    if (presence(perSeriesAligner) === "absent" || perSeriesAligner === "ALIGN_NONE") {
      report("perSeriesAligner", "must align, beside crossSeriesReducer");
    }
    if (presence(alignmentPeriod) === "absent")
      report("alignmentPeriod", "must be set beside crossSeriesReducer");
  },
);

/** A condition on logs stands alone and says how often it may notify; no other condition can. */
export const checkMatchedLog: Rule = inObject((inputs, report) => {
  const kinds = listed(inputs, "conditions").map((condition) =>
    isProperties(condition) ? presence(condition.conditionMatchedLog) : "unknown",
  );
  if (!kinds.includes("set")) {
    const { notificationRateLimit } = nested(inputs, "alertStrategy");
    const isKnown = kinds.length > 0 && !kinds.includes("unknown");
    if (isKnown && presence(notificationRateLimit) === "set") {
      report(
        "alertStrategy.notificationRateLimit",
        "must be absent unless a condition is conditionMatchedLog",
      );
    }
    return;
  }
  if (listed(inputs, "conditions").length > 1) {
    report("conditions", "must hold conditionMatchedLog alone");
  }
  const { alertStrategy } = inputs;
  if (alertStrategy === undefined || (isProperties(alertStrategy) && !alertStrategy.notificationRateLimit)) {
    report("alertStrategy.notificationRateLimit", "must be set for conditionMatchedLog");
  }
});
