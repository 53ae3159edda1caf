import type { Report } from "../../../review/rules/rule.ts";
import { isProperties, listed, nested, type Properties } from "../../../review/rules/values.ts";
import { unsupportedInFilter } from "../logging/filter.ts";
import { filterProblem } from "../logging/filter-rules.ts";
import { ALIGNERS, REDUCERS } from "./alignment.ts";
import { CONDITIONS } from "./condition-rules.ts";
import { parseMetricFilter, unsupportedInMetricFilter } from "./metric-filter.ts";
import { metricFilterProblem } from "./metric-filter-rules.ts";
import { METRICS, USER_METRICS } from "./metrics.ts";

const EVALUATED = ["conditionMatchedLog", "conditionThreshold"];

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
