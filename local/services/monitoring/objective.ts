import type { ResourceStore } from "../../kernel/contract.ts";
import { numberOf, objectOf, textOf } from "../../kernel/property-values.ts";
import { type MetricFilter, parseMetricFilter } from "./metric-filter.ts";
import type { SeriesStore } from "./series.ts";

export const OBJECTIVE_KIND = "gcp:monitoring/slo:Slo";

const BURN_RATE = /^\s*select_slo_burn_rate\(\s*"([^"]+)"\s*,\s*"(\d+)([smhd])"\s*\)\s*$/;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What a condition on an objective asks for. */
export interface BurnRate {
  /** `projects/P/services/S/serviceLevelObjectives/O` */
  readonly objective: string;
  readonly lookbackMs: number;
}

/** An objective on the share of what is good in all, each counted by a metric. */
export interface Objective {
  readonly good: MetricFilter;
  readonly total: MetricFilter;
  /** Between 0 and 1. */
  readonly goal: number;
}

export function parseBurnRate(filter: string): BurnRate | undefined {
  const [, objective, number, unit = ""] = BURN_RATE.exec(filter) ?? [];
  if (objective === undefined) return undefined;
  return { objective, lookbackMs: Number(number) * (UNIT_MS[unit] ?? 0) };
}

export function findObjective(resources: ResourceStore, name: string): Objective | undefined {
  const properties = resources.get(OBJECTIVE_KIND, name)?.properties;
  const ratio = objectOf(objectOf(properties?.requestBasedSli).goodTotalRatio);
  const [good, total] = [textOf(ratio.goodServiceFilter), textOf(ratio.totalServiceFilter)];
  const goal = numberOf(properties?.goal);
  if (good === undefined || total === undefined || goal === undefined) return undefined;
  return { good: parseMetricFilter(good), total: parseMetricFilter(total), goal };
}

/**
 * How many times as fast as it may the error budget is used up: 1 would use it up exactly in the
 * objective's period. Nothing where nothing was counted.
 *
 * @see https://cloud.google.com/stackdriver/docs/solutions/slo-monitoring/alerting-on-budget-burn-rate
 */
export function burnRate(
  { good, total, goal }: Objective,
  store: SeriesStore,
  since: number,
): number | undefined {
  const all = counted(total, store, since);
  return all === 0 ? undefined : (1 - counted(good, store, since) / all) / (1 - goal);
}

function counted({ matches }: MetricFilter, store: SeriesStore, since: number): number {
  return store
    .find(matches, since)
    .flatMap(({ points }) => points)
    .reduce((sum, { value }) => sum + value, 0);
}
