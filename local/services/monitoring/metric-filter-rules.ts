import type { Comparison } from "../logging/filter-rules.ts";
import { type Filter, FilterSyntaxError, parseFilter } from "../logging/filter-syntax.ts";

export const FUNCTIONS = /\b(starts_with|ends_with|has_substring|one_of|monitoring\.regex\.full_match)\s*\(/;
/** What a service-level objective gives in place of a metric, `select_slo_burn_rate("OBJECTIVE", "3600s")`. */
export const OBJECTIVE = /^\s*(select_slo_[a-z_]+)\s*\(\s*"[^"]+"\s*(?:,\s*"\d+[smhd]"\s*)?\)\s*$/;
export const LABEL = /^(resource|metric)\.labels?\.(.+)$/;

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

export function comparisonsOf(filter: Filter): readonly Comparison[] {
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
