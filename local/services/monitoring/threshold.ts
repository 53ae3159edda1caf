import type { ThresholdCondition } from "./alert-policy.ts";
import { align, reduce } from "./alignment.ts";
import type { MetricFilter } from "./metric-filter.ts";
import { isCountedMetric } from "./metrics.ts";
import type { Series, SeriesStore } from "./series.ts";

/** A time series of a condition, after aggregation. */
export interface Aggregated {
  /** Which one: the values of its labels. */
  readonly group: string;
  readonly value: number;
}

/** The values of a condition at a time, one for each group of series that has data. */
export function aggregate(
  condition: ThresholdCondition,
  store: SeriesStore,
  now: number,
): readonly Aggregated[] {
  const { filter, denominator } = condition;
  const values = aggregateMetric(condition, filter, store, now);
  if (!denominator) return values;
  const wholes = aggregateMetric(condition, denominator, store, now);
  return values.flatMap(({ group, value }) => {
    const whole = wholes.find((other) => other.group === group)?.value ?? 0;
    return whole === 0 ? [] : [{ group, value: value / whole }];
  });
}

function aggregateMetric(
  { periodMs, aligner, reducer, groupBy }: ThresholdCondition,
  filter: MetricFilter,
  store: SeriesStore,
  now: number,
): readonly Aggregated[] {
  const groups = new Map<string, number[]>();
  for (const { series, points } of store.find(filter.matches, now - periodMs)) {
    const value = align(aligner, points, periodMs, isCountedMetric(filter.metric));
    if (value === undefined) continue;
    const group =
      reducer === "REDUCE_NONE"
        ? describe(series)
        : groupBy.map((field) => labelOf(series, field)).join(", ");
    const values = groups.get(group);
    if (values) values.push(value);
    else groups.set(group, [value]);
  }
  return [...groups].map(([group, values]) => ({
    group,
    value: reducer === "REDUCE_NONE" ? (values[0] ?? Number.NaN) : reduce(reducer, values),
  }));
}

/** How long each group of one condition has been beyond its threshold. */
export class ThresholdWatch {
  readonly #since = new Map<string, number>();

  /** The groups that have been beyond it for as long as the condition asks, if they are enough of them. */
  violations(
    condition: ThresholdCondition,
    values: readonly Aggregated[],
    now: number,
  ): readonly Aggregated[] {
    const { trigger, durationMs } = condition;
    for (const { group, value } of values) {
      if (!condition.isBeyond(value)) this.#since.delete(group);
      else if (!this.#since.has(group)) this.#since.set(group, now);
    }
    const lasting = values.filter(
      ({ group }) => now - (this.#since.get(group) ?? Number.POSITIVE_INFINITY) >= durationMs,
    );
    const needed =
      trigger.percent !== undefined ? (trigger.percent / 100) * values.length : (trigger.count ?? 1);
    return lasting.length >= needed ? lasting : [];
  }
}

function describe({ metric, resource }: Series): string {
  const labels = Object.entries({ ...resource.labels, ...metric.labels }).filter(
    ([name]) => !["project_id", "location", "configuration_name"].includes(name),
  );
  return labels.map(([, value]) => value).join(", ");
}

function labelOf({ metric, resource }: Series, field: string): string {
  const [holder, , name = ""] = field.split(".");
  return (holder === "metric" ? metric : resource).labels[name] ?? "";
}
