import { brokenExpression } from "../../../review/rules/brackets.ts";
import { seconds } from "../../../review/rules/numbers.ts";
import { presence } from "../../../review/rules/presence.ts";
import { inObject, ofText, type Report, type Rule } from "../../../review/rules/rule.ts";
import { isProperties, listed, nested, type Properties } from "../../../review/rules/values.ts";
import { filterProblem, unsupportedInFilter } from "../logging/filter.ts";
import { ALIGNERS, REDUCERS } from "./alignment.ts";
import { metricFilterProblem, parseMetricFilter, unsupportedInMetricFilter } from "./metric-filter.ts";
import { METRICS, USER_METRICS } from "./metrics.ts";

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
const EVALUATED = ["conditionMatchedLog", "conditionThreshold"];

export const WHOLE_MINUTES = ofText((text) =>
  seconds(text) % 60 === 0 ? undefined : 'must be a whole number of minutes in seconds, "120s"',
);

/** How often a query of PromQL is asked. */
export const HALF_MINUTES = ofText((text) =>
  seconds(text) > 0 && seconds(text) % 30 === 0
    ? undefined
    : 'must be a positive multiple of 30 seconds, "60s"',
);

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

export const LOG_FILTER = ofText((text) => {
  const problem = filterProblem(text);
  return problem && `must be a filter of Logging's query language, and it ${problem}`;
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

/** What the local cloud does not evaluate, by name. */
export function unsupportedPolicy(inputs: Properties, report: Report): void {
  if (inputs.combiner === "AND_WITH_MATCHING_RESOURCE") {
    report("combiner", "must be AND or OR: the local cloud does not match resources");
  }
  for (const [index, condition] of listed(inputs, "conditions").entries()) {
    if (!isProperties(condition)) continue;
    const at = `conditions[${index}]`;
    for (const kind of CONDITIONS) {
      if (condition[kind] === undefined || EVALUATED.includes(kind)) continue;
      report(`${at}.${kind}`, `must be one of ${EVALUATED.join(", ")}: the local cloud evaluates no other`);
    }
    unsupportedLog(nested(condition, "conditionMatchedLog"), `${at}.conditionMatchedLog`, report);
    unsupportedThreshold(nested(condition, "conditionThreshold"), `${at}.conditionThreshold`, report);
  }
  const { notificationChannelStrategies } = nested(inputs, "alertStrategy");
  if (notificationChannelStrategies !== undefined) {
    report(
      "alertStrategy.notificationChannelStrategies",
      "must be absent: the local cloud sends no reminders",
    );
  }
}

function unsupportedLog({ filter, labelExtractors }: Properties, at: string, report: Report): void {
  if (labelExtractors !== undefined) {
    report(`${at}.labelExtractors`, "must be absent: the local cloud extracts no labels");
  }
  if (typeof filter !== "string" || filterProblem(filter) !== undefined) return;
  const problem = unsupportedInFilter(filter);
  if (problem !== undefined)
    report(`${at}.filter`, `must be one that the local cloud evaluates, and it ${problem}`);
}

function unsupportedThreshold(threshold: Properties, at: string, report: Report): void {
  for (const property of ["denominatorFilter", "denominatorAggregations", "forecastOptions"]) {
    if (threshold[property] !== undefined)
      report(`${at}.${property}`, "must be absent: the local cloud does not do it");
  }
  if (threshold.evaluationMissingData === "EVALUATION_MISSING_DATA_ACTIVE") {
    report(
      `${at}.evaluationMissingData`,
      "must be another: the local cloud raises no alert for want of data",
    );
  }
  const aggregations = listed(threshold, "aggregations");
  if (aggregations.length > 1) report(`${at}.aggregations`, "must be one: the local cloud does no second");
  for (const [index, aggregation] of aggregations.entries()) {
    if (!isProperties(aggregation)) continue;
    const { perSeriesAligner: aligner, crossSeriesReducer: reducer } = aggregation;
    const path = `${at}.aggregations[${index}]`;
    if (typeof aligner === "string" && !ALIGNERS.includes(aligner)) {
      report(`${path}.perSeriesAligner`, "must be one that the local cloud has");
    }
    if (typeof reducer === "string" && !REDUCERS.includes(reducer)) {
      report(`${path}.crossSeriesReducer`, "must be one that the local cloud has");
    }
  }
  const { filter } = threshold;
  if (typeof filter !== "string" || metricFilterProblem(filter) !== undefined) return;
  const problem = unsupportedInMetricFilter(filter) ?? unknownMetric(filter);
  if (problem !== undefined)
    report(`${at}.filter`, `must be one that the local cloud evaluates, and it ${problem}`);
}

function unknownMetric(filter: string): string | undefined {
  const { metric } = parseMetricFilter(filter);
  if (METRICS.includes(metric) || metric.startsWith(USER_METRICS)) return undefined;
  return `asks for ${metric}, which is none of ${METRICS.join(", ")} and ${USER_METRICS}NAME`;
}
