export interface MetricType {
  readonly kind: "GAUGE" | "DELTA";
  readonly value: "BOOL" | "INT64" | "DOUBLE" | "STRING" | "DISTRIBUTION";
  /** Nothing where they are not known here. */
  readonly labels?: readonly string[];
}

interface Step {
  readonly kinds?: readonly MetricType["kind"][];
  readonly values: readonly MetricType["value"][];
  /** What comes of it. @default the same */
  readonly gives?: MetricType["value"];
}

/** Where Google says what an aligner and a reducer take, and what they give. */
export const AGGREGATIONS =
  "https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#Aggregation";
const NUMBERS = ["INT64", "DOUBLE"] as const;
const AMOUNTS = [...NUMBERS, "DISTRIBUTION"] as const;
const ANY = [...AMOUNTS, "BOOL", "STRING"] as const;

/** The metrics of Google's own that this platform's kind of alert asks for. */
export const GOOGLES: Readonly<Record<string, MetricType>> = {
  "loadbalancing.googleapis.com/https/request_count": { kind: "DELTA", value: "INT64" },
  "loadbalancing.googleapis.com/https/total_latencies": { kind: "DELTA", value: "DISTRIBUTION" },
  "logging.googleapis.com/log_entry_count": { kind: "DELTA", value: "INT64" },
  "pubsub.googleapis.com/subscription/dead_letter_message_count": { kind: "DELTA", value: "INT64" },
  "pubsub.googleapis.com/subscription/num_undelivered_messages": { kind: "GAUGE", value: "INT64" },
  "pubsub.googleapis.com/subscription/oldest_unacked_message_age": { kind: "GAUGE", value: "INT64" },
  "run.googleapis.com/container/instance_count": { kind: "GAUGE", value: "INT64" },
  "run.googleapis.com/request_count": { kind: "DELTA", value: "INT64" },
  "run.googleapis.com/request_latencies": { kind: "DELTA", value: "DISTRIBUTION" },
};

const ALIGNERS: readonly (readonly [RegExp, Step])[] = [
  [/^ALIGN_NONE$/, { values: ANY }],
  [/^ALIGN_DELTA$/, { kinds: ["DELTA"], values: AMOUNTS }],
  [/^ALIGN_RATE$/, { kinds: ["DELTA"], values: NUMBERS, gives: "DOUBLE" }],
  [/^ALIGN_INTERPOLATE$/, { kinds: ["GAUGE"], values: NUMBERS }],
  [/^ALIGN_NEXT_OLDER$/, { kinds: ["GAUGE"], values: ANY }],
  [/^ALIGN_(MIN|MAX|MEAN)$/, { kinds: ["GAUGE"], values: NUMBERS }],
  [/^ALIGN_COUNT$/, { values: [...AMOUNTS, "BOOL"], gives: "INT64" }],
  [/^ALIGN_SUM$/, { values: AMOUNTS }],
  [/^ALIGN_(STDDEV|PERCENT_CHANGE)$/, { values: NUMBERS, gives: "DOUBLE" }],
  [/^ALIGN_(COUNT_TRUE|COUNT_FALSE|FRACTION_TRUE)$/, { kinds: ["GAUGE"], values: ["BOOL"], gives: "DOUBLE" }],
  [/^ALIGN_PERCENTILE_\d\d$/, { values: ["DISTRIBUTION"], gives: "DOUBLE" }],
];
const REDUCERS: readonly (readonly [RegExp, Step])[] = [
  [/^REDUCE_NONE$/, { values: ANY }],
  [/^REDUCE_(MEAN|STDDEV|PERCENTILE_\d\d)$/, { values: AMOUNTS, gives: "DOUBLE" }],
  [/^REDUCE_(MIN|MAX)$/, { values: NUMBERS }],
  [/^REDUCE_SUM$/, { values: AMOUNTS }],
  [/^REDUCE_COUNT$/, { values: ANY, gives: "INT64" }],
  [/^REDUCE_(COUNT_TRUE|COUNT_FALSE|FRACTION_TRUE)$/, { values: ["BOOL"], gives: "DOUBLE" }],
];

/** What an aligner or a reducer makes of a metric, or the rule that asking for it breaks. */
export function aggregated(type: MetricType, step: string): MetricType | string {
  const [, taken] = [...ALIGNERS, ...REDUCERS].find(([pattern]) => pattern.test(step)) ?? [];
  if (!taken) return type;
  const { kinds, values, gives = type.value } = taken;
  const fits = (kinds?.includes(type.kind) ?? true) && values.includes(type.value);
  if (!fits) return `must be one that takes a metric of kind ${type.kind} and value ${type.value}`;
  const isGauge = /^ALIGN_(?!NONE|DELTA|SUM|COUNT$)/.test(step);
  return { ...type, kind: isGauge ? "GAUGE" : type.kind, value: gives };
}
