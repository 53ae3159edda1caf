import { type Filter, FilterSyntaxError, parseFilter } from "../logging/filter-syntax.ts";
import type { Series } from "./series.ts";

/** What a condition watches: one metric, of the resources and with the labels that are asked for. */
export interface MetricFilter {
  readonly metric: string;
  readonly resourceType: string;
  matches(series: Series): boolean;
}

const FUNCTIONS = /\b(starts_with|ends_with|has_substring|one_of|monitoring\.regex\.full_match)\s*\(/;
/** What a service-level objective gives in place of a metric, `select_slo_burn_rate("OBJECTIVE", "3600s")`. */
const OBJECTIVE = /^\s*(select_slo_[a-z_]+)\s*\(\s*"[^"]+"\s*(?:,\s*"\d+[smhd]"\s*)?\)\s*$/;
const LABEL = /^(resource|metric)\.labels?\.(.+)$/;

/**
 * What Cloud Monitoring would say against the filter of a condition: a clause that follows "the filter ", or nothing.
 *
 * @see https://cloud.google.com/monitoring/api/v3/filters
 */
export function metricFilterProblem(text: string): string | undefined {
  if (text.trim() === "") return "is empty: it must name a metric.type and a resource.type";
  if (OBJECTIVE.test(text)) return undefined;
  // What functions stand for is the service's to judge; that they are there is told by unsupportedInMetricFilter.
  if (FUNCTIONS.test(text)) return /metric\.type\s*=/.test(text) ? undefined : "names no metric.type";
  try {
    const comparisons = comparisonsOf(parseFilter(text));
    for (const { path } of comparisons) {
      const name = path.join(".");
      if (!/^(metric|resource)\.type$|^project$|^group\.id$|^metadata\./.test(name) && !LABEL.test(name)) {
        return `names ${name}, which is none of metric.type, resource.type, metric.labels.NAME and resource.labels.NAME`;
      }
    }
    const names = comparisons.map(({ path }) => path.join("."));
    if (!names.includes("metric.type")) return "names no metric.type";
    if (!names.includes("resource.type")) return "names no resource.type";
    return undefined;
  } catch (error) {
    if (error instanceof FilterSyntaxError) return error.message;
    throw error;
  }
}

/** What the local cloud can't evaluate in a filter that Monitoring would take. */
export function unsupportedInMetricFilter(text: string): string | undefined {
  const [, name] = OBJECTIVE.exec(text) ?? FUNCTIONS.exec(text) ?? [];
  if (name) return `calls ${name}(), which the local cloud does not evaluate`;
  const filter = parseFilter(text);
  const terms = filter.kind === "and" ? filter.terms : [filter];
  for (const term of terms) {
    if (term.kind !== "comparison")
      return `has ${term.kind.toUpperCase()}, where the local cloud knows AND alone`;
    const { path, operator } = term;
    const name = path.join(".");
    if (operator !== "=" && operator !== "!=")
      return `compares by "${operator}", where the local cloud knows = and != alone`;
    if (!/\.type$/.test(name) && !LABEL.test(name))
      return `asks for ${name}, which the local cloud does not have`;
  }
  return undefined;
}

/** @throws {FilterSyntaxError} for what Monitoring would refuse, and for what the local cloud can't evaluate. */
export function parseMetricFilter(text: string): MetricFilter {
  const problem = metricFilterProblem(text) ?? unsupportedInMetricFilter(text);
  if (problem !== undefined) throw new FilterSyntaxError(problem);
  const comparisons = comparisonsOf(parseFilter(text));
  const typeOf = (name: string) => comparisons.find(({ path }) => path.join(".") === name)?.value ?? "";
  return {
    metric: typeOf("metric.type"),
    resourceType: typeOf("resource.type"),
    matches: (series) =>
      comparisons.every(
        ({ path, operator, value }) => (valueAt(series, path.join(".")) === value) === (operator === "="),
      ),
  };
}

function valueAt({ metric, resource }: Series, name: string): string | undefined {
  if (name === "metric.type") return metric.type;
  if (name === "resource.type") return resource.type;
  const [, holder, label = ""] = LABEL.exec(name) ?? [];
  return (holder === "metric" ? metric : resource).labels[label];
}

type Comparison = Extract<Filter, { kind: "comparison" }>;

function comparisonsOf(filter: Filter): readonly Comparison[] {
  switch (filter.kind) {
    case "and":
    case "or":
      return filter.terms.flatMap(comparisonsOf);
    case "not":
      return comparisonsOf(filter.term);
    case "comparison":
      return [filter];
    default:
      throw new FilterSyntaxError("has a term without a field");
  }
}
