import { type CitedReport, valuesAt } from "../../../review/rules/rule.ts";
import { isProperties, listed, nested, type Properties } from "../../../review/rules/values.ts";
import type { ResourceView } from "../../kernel/contract.ts";
import { textOf } from "../../kernel/property-values.ts";
import type { Draft, Surroundings } from "../../provider/kind.ts";
import { decodeProperties } from "../../provider/wire.ts";
import { parseFilter } from "../logging/filter-syntax.ts";
import { LOG_METRIC_KIND } from "./log-metrics.ts";
import { comparisonsOf, FUNCTIONS, LABEL, metricFilterProblem, OBJECTIVE } from "./metric-filter-rules.ts";
import { AGGREGATIONS, aggregated, GOOGLES, type MetricType } from "./metric-types.ts";
import { USER_METRICS } from "./metrics.ts";

const FILTERS = "https://cloud.google.com/monitoring/api/v3/filters";
const SLI = "https://cloud.google.com/monitoring/api/ref_v3/rest/v3/services.serviceLevelObjectives";

/** What an alert asks of a metric, the metric has: as it is known here, or as the program makes it of logs. */
export function verifyConditions({ inputs }: Draft, around: Surroundings, report: CitedReport): void {
  for (const kind of ["conditionThreshold", "conditionAbsent"]) {
    for (const [path, condition] of valuesAt(inputs, `conditions[].${kind}`)) {
      if (!isProperties(condition)) continue;
      const type = checkFilter(condition.filter, `${path}.filter`, around, report);
      if (!type) continue;
      const result = checkAggregations(condition, type, path, report);
      if (kind === "conditionThreshold" && result?.value === "DISTRIBUTION")
        report(`${path}.aggregations`, "must make a number of a distribution to compare it", AGGREGATIONS);
    }
  }
}

/** What is cut must be a distribution, and what is counted, numbers. */
export function verifyIndicator({ inputs }: Draft, around: Surroundings, report: CitedReport): void {
  for (const [path, filter] of valuesAt(inputs, "requestBasedSli.distributionCut.distributionFilter")) {
    const type = checkFilter(filter, path, around, report);
    if (type && type.value !== "DISTRIBUTION") report(path, "must name a metric of distributions", SLI);
  }
  for (const name of ["badServiceFilter", "goodServiceFilter", "totalServiceFilter"]) {
    for (const [path, filter] of valuesAt(inputs, `requestBasedSli.goodTotalRatio.${name}`)) {
      const type = checkFilter(filter, path, around, report);
      if (type && (type.kind === "GAUGE" || !["INT64", "DOUBLE"].includes(type.value)))
        report(path, "must name a metric that counts, of kind DELTA and whole or real numbers", SLI);
    }
  }
}

/** The type of the filter's metric, where that is known. */
function checkFilter(
  filter: unknown,
  path: string,
  resources: ResourceView,
  report: CitedReport,
): MetricType | undefined {
  if (typeof filter !== "string" || metricFilterProblem(filter) !== undefined) return undefined;
  if (OBJECTIVE.test(filter) || FUNCTIONS.test(filter)) return undefined;
  const comparisons = comparisonsOf(parseFilter(filter));
  const metric = comparisons.find(({ path: name }) => name.join(".") === "metric.type")?.value ?? "";
  const type = GOOGLES[metric] ?? ownMetric(metric, resources);
  for (const { path: names } of comparisons) {
    const [, holder, label = ""] = LABEL.exec(names.join(".")) ?? [];
    if (holder === "metric" && type?.labels && !type.labels.includes(label))
      report(path, `must ask for a label that ${metric} has, and ${label} is none`, FILTERS);
  }
  return type;
}

/** One that the program makes of logs. */
function ownMetric(metric: string, resources: ResourceView): MetricType | undefined {
  if (!metric.startsWith(USER_METRICS)) return undefined;
  const name = metric.slice(USER_METRICS.length);
  const made = resources
    .list(LOG_METRIC_KIND)
    .find(({ id, properties }) => (textOf(properties.name) ?? id) === name);
  if (!made) return undefined;
  const { metricDescriptor } = decodeProperties(made.properties);
  const descriptor = nested({ metricDescriptor }, "metricDescriptor");
  const labels = listed(descriptor, "labels").flatMap((label) =>
    isProperties(label) && typeof label.key === "string" ? [label.key] : [],
  );
  return { kind: "DELTA", value: descriptor.valueType === "DISTRIBUTION" ? "DISTRIBUTION" : "INT64", labels };
}

/** What is left of the metric after all aggregations; nothing where one of them is wrong or not known. */
function checkAggregations(
  condition: Properties,
  metric: MetricType,
  path: string,
  report: CitedReport,
): MetricType | undefined {
  let type = metric;
  for (const [index, aggregation] of listed(condition, "aggregations").entries()) {
    if (!isProperties(aggregation)) return undefined;
    const at = `${path}.aggregations[${index}]`;
    for (const [place, field] of listed(aggregation, "groupByFields").entries()) {
      const [, holder, label = ""] = typeof field === "string" ? (LABEL.exec(field) ?? []) : [];
      if (holder === "metric" && metric.labels && !metric.labels.includes(label))
        report(`${at}.groupByFields[${place}]`, "must be a label that the metric has", AGGREGATIONS);
    }
    for (const [name, otherwise] of [
      ["perSeriesAligner", "ALIGN_NONE"],
      ["crossSeriesReducer", "REDUCE_NONE"],
    ] as const) {
      const step = aggregation[name] ?? otherwise;
      if (typeof step !== "string") return undefined;
      const result = aggregated(type, step === "" ? otherwise : step);
      if (typeof result === "string") {
        report(`${at}.${name}`, result, AGGREGATIONS);
        return undefined;
      }
      type = result;
    }
  }
  return type;
}
