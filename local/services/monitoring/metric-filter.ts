import { FilterSyntaxError, parseFilter } from "../logging/filter-syntax.ts";
import { comparisonsOf, FUNCTIONS, LABEL, metricFilterProblem, OBJECTIVE } from "./metric-filter-rules.ts";
import type { Series } from "./series.ts";

/** What a condition watches: one metric, of the resources and with the labels that are asked for. */
export interface MetricFilter {
  readonly metric: string;
  readonly resourceType: string;
  matches(series: Series): boolean;
}

/** What the local cloud can't evaluate in a filter that Monitoring would take. */
export function unsupportedInMetricFilter(text: string): string | undefined {
  const [, objective] = OBJECTIVE.exec(text) ?? [];
  if (objective === "select_slo_burn_rate") return undefined;
  const name = objective ?? FUNCTIONS.exec(text)?.[1];
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
