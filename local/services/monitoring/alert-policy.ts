import type { CloudResource, Severity } from "../../kernel/contract.ts";
import {
  numberOf,
  objectOf,
  objectsOf,
  type Properties,
  textOf,
  textsOf,
} from "../../kernel/property-values.ts";
import { compileFilter, type Matcher } from "../logging/filter.ts";
import { type MetricFilter, parseMetricFilter } from "./metric-filter.ts";
import { type BurnRate, parseBurnRate } from "./objective.ts";

export const POLICY_KIND = "gcp:monitoring/alertPolicy:AlertPolicy";
export const CHANNEL_KIND = "gcp:monitoring/notificationChannel:NotificationChannel";

/** @see https://cloud.google.com/monitoring/alerts/incidents-events */
const AUTO_CLOSE_MS = 7 * 86_400_000;
const MINUTE_MS = 60_000;
const NO_METRIC: MetricFilter = { metric: "", resourceType: "", matches: () => false };

const COMPARISONS: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  COMPARISON_GT: (value, threshold) => value > threshold,
  COMPARISON_LT: (value, threshold) => value < threshold,
};

export interface ThresholdCondition {
  readonly kind: "threshold";
  readonly displayName: string;
  /** In place of a metric, how fast an objective's error budget is used up. */
  readonly burnRate: BurnRate | undefined;
  readonly filter: MetricFilter;
  /** What the filter's values are a share of. */
  readonly denominator: MetricFilter | undefined;
  readonly comparison: string;
  readonly threshold: number;
  /** How long a value must be beyond the threshold. */
  readonly durationMs: number;
  readonly periodMs: number;
  readonly aligner: string;
  readonly reducer: string;
  readonly groupBy: readonly string[];
  readonly trigger: { readonly count?: number; readonly percent?: number };
  isBeyond(value: number): boolean;
}

export interface LogCondition {
  readonly kind: "log";
  readonly displayName: string;
  readonly matches: Matcher;
}

/** A metric that has said something, and says nothing any more. */
export interface AbsenceCondition {
  readonly kind: "absence";
  readonly displayName: string;
  readonly filter: MetricFilter;
  readonly durationMs: number;
}

export type Condition = ThresholdCondition | LogCondition | AbsenceCondition;

export interface AlertPolicy {
  /** `projects/P/alertPolicies/NUMBER` */
  readonly name: string;
  readonly displayName: string;
  readonly severity: Severity;
  readonly combiner: "AND" | "OR";
  readonly conditions: readonly Condition[];
  /** Names of notification channels. */
  readonly channels: readonly string[];
  readonly autoCloseMs: number;
  /** Between two notifications of the same condition on logs. */
  readonly rateLimitMs: number;
  readonly documentation: string;
}

/** A policy in force; nothing for one that is switched off. @throws {FilterSyntaxError} for a filter that can't be evaluated. */
export function parsePolicy({ id, properties }: CloudResource): AlertPolicy | undefined {
  if (properties.enabled === false) return undefined;
  const { autoClose, notificationRateLimit } = objectOf(properties.alertStrategy);
  return {
    name: id,
    displayName: textOf(properties.displayName) ?? id,
    severity: (textOf(properties.severity) ?? "WARNING") as Severity,
    combiner: properties.combiner === "AND" ? "AND" : "OR",
    conditions: objectsOf(properties.conditions).map(parseCondition),
    channels: textsOf(properties.notificationChannels),
    autoCloseMs: durationMs(autoClose) ?? AUTO_CLOSE_MS,
    rateLimitMs: durationMs(objectOf(notificationRateLimit).period) ?? 0,
    documentation: textOf(objectOf(properties.documentation).content) ?? "",
  };
}

function parseCondition(condition: Properties): Condition {
  const displayName = textOf(condition.displayName) ?? "";
  const log = objectOf(condition.conditionMatchedLog);
  if (textOf(log.filter) !== undefined) {
    return { kind: "log", displayName, matches: compileFilter(String(log.filter)) };
  }
  const absent = objectOf(condition.conditionAbsent);
  if (textOf(absent.filter) !== undefined) {
    const filter = parseMetricFilter(String(absent.filter));
    return { kind: "absence", displayName, filter, durationMs: durationMs(absent.duration) ?? 0 };
  }
  const settings = objectOf(condition.conditionThreshold);
  const denominator = textOf(settings.denominatorFilter);
  const burnRate = parseBurnRate(textOf(settings.filter) ?? "");
  const [aggregation = {}] = objectsOf(settings.aggregations);
  const { count, percent } = objectOf(settings.trigger);
  const comparison = textOf(settings.comparison) ?? "COMPARISON_GT";
  const threshold = numberOf(settings.thresholdValue) ?? 0;
  const compare = COMPARISONS[comparison];
  return {
    kind: "threshold",
    displayName,
    burnRate,
    filter: burnRate ? NO_METRIC : parseMetricFilter(textOf(settings.filter) ?? ""),
    denominator: denominator === undefined ? undefined : parseMetricFilter(denominator),
    comparison,
    threshold,
    durationMs: durationMs(settings.duration) ?? 0,
    periodMs: durationMs(aggregation.alignmentPeriod) ?? MINUTE_MS,
    aligner: textOf(aggregation.perSeriesAligner) ?? "ALIGN_NONE",
    reducer: textOf(aggregation.crossSeriesReducer) ?? "REDUCE_NONE",
    groupBy: textsOf(aggregation.groupByFields),
    trigger: {
      ...(typeof count === "number" && { count }),
      ...(typeof percent === "number" && { percent }),
    },
    isBeyond: (value) => compare?.(value, threshold) ?? false,
  };
}

function durationMs(value: unknown): number | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : Number.parseFloat(text) * 1000;
}
