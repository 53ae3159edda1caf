import type { Report } from "../../../review/rules/rule.ts";
import { isProperties, listed, nested, type Properties } from "../../../review/rules/values.ts";
import { unsupportedInFilter } from "../logging/filter.ts";
import { filterProblem } from "../logging/filter-rules.ts";
import { ALIGNERS, REDUCERS } from "./alignment.ts";
import { CONDITIONS } from "./condition-rules.ts";
import { parseMetricFilter, unsupportedInMetricFilter } from "./metric-filter.ts";
import { metricFilterProblem } from "./metric-filter-rules.ts";
import { METRICS, USER_METRICS } from "./metrics.ts";
import { parseBurnRate } from "./objective.ts";

const EVALUATED = ["conditionAbsent", "conditionMatchedLog", "conditionThreshold"];

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
    unsupportedAbsence(nested(condition, "conditionAbsent"), `${at}.conditionAbsent`, report);
  }
  const { notificationChannelStrategies } = nested(inputs, "alertStrategy");
  if (notificationChannelStrategies !== undefined) {
    report(
      "alertStrategy.notificationChannelStrategies",
      "must be absent: the local cloud sends no reminders",
    );
  }
}

/** Of an objective the local cloud evaluates the share of what is good in all. */
export function unsupportedObjective(inputs: Properties, report: Report): void {
  for (const property of ["basicSli", "windowsBasedSli"]) {
    if (inputs[property] !== undefined)
      report(property, "must be absent: the local cloud evaluates requestBasedSli.goodTotalRatio alone");
  }
  const sli = nested(inputs, "requestBasedSli");
  if (sli.distributionCut !== undefined) {
    report(
      "requestBasedSli.distributionCut",
      "must be absent: the local cloud evaluates goodTotalRatio alone",
    );
  }
  const { badServiceFilter, goodServiceFilter, totalServiceFilter } = nested(sli, "goodTotalRatio");
  const at = "requestBasedSli.goodTotalRatio";
  if (badServiceFilter !== undefined)
    report(`${at}.badServiceFilter`, "must be absent: good of total is evaluated");
  unsupportedMetric(goodServiceFilter, `${at}.goodServiceFilter`, report);
  unsupportedMetric(totalServiceFilter, `${at}.totalServiceFilter`, report);
}

function unsupportedAbsence({ filter, trigger }: Properties, at: string, report: Report): void {
  if (trigger !== undefined)
    report(`${at}.trigger`, "must be absent: the local cloud knows no share of series");
  unsupportedMetric(filter, `${at}.filter`, report);
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
  if (threshold.forecastOptions !== undefined) {
    report(`${at}.forecastOptions`, "must be absent: the local cloud does not do it");
  }
  unsupportedDenominator(threshold, at, report);
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
  unsupportedMetric(threshold.filter, `${at}.filter`, report);
}

function unsupportedDenominator(threshold: Properties, at: string, report: Report): void {
  const { aggregations, denominatorFilter, denominatorAggregations } = threshold;
  unsupportedMetric(denominatorFilter, `${at}.denominatorFilter`, report);
  if (
    denominatorAggregations !== undefined &&
    JSON.stringify(denominatorAggregations) !== JSON.stringify(aggregations)
  ) {
    report(`${at}.denominatorAggregations`, "must be as aggregations are: the local cloud does no other");
  }
}

function unsupportedMetric(filter: unknown, path: string, report: Report): void {
  if (typeof filter !== "string" || metricFilterProblem(filter) !== undefined) return;
  const problem = unsupportedInMetricFilter(filter) ?? unknownMetric(filter);
  if (problem !== undefined) report(path, `must be one that the local cloud evaluates, and it ${problem}`);
}

function unknownMetric(filter: string): string | undefined {
  if (parseBurnRate(filter)) return undefined;
  const { metric } = parseMetricFilter(filter);
  if (METRICS.includes(metric) || metric.startsWith(USER_METRICS)) return undefined;
  return `asks for ${metric}, which is none of ${METRICS.join(", ")} and ${USER_METRICS}NAME`;
}
