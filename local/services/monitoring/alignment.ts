import type { Point } from "./series.ts";

type Combine = (values: readonly number[]) => number;

const PERCENTILE = /_PERCENTILE_(\d\d)$/;

const COMBINED: Readonly<Record<string, Combine>> = {
  MEAN: (values) => sum(values) / values.length,
  MAX: (values) => Math.max(...values),
  MIN: (values) => Math.min(...values),
  SUM: sum,
  COUNT: (values) => values.length,
  STDDEV: (values) => {
    const mean = sum(values) / values.length;
    return Math.sqrt(sum(values.map((value) => (value - mean) ** 2)) / values.length);
  },
};

/** Aligners that the local cloud has, of those that Monitoring has. */
export const ALIGNERS: readonly string[] = [
  "ALIGN_NONE",
  "ALIGN_NEXT_OLDER",
  "ALIGN_DELTA",
  "ALIGN_RATE",
  ...Object.keys(COMBINED).map((name) => `ALIGN_${name}`),
  ...["99", "95", "50", "05"].map((percent) => `ALIGN_PERCENTILE_${percent}`),
];

export const REDUCERS: readonly string[] = [
  "REDUCE_NONE",
  ...Object.keys(COMBINED).map((name) => `REDUCE_${name}`),
  ...["99", "95", "50", "05"].map((percent) => `REDUCE_PERCENTILE_${percent}`),
];

/** One value for the points of a period, oldest first; nothing where there is no data. */
export function align(
  aligner: string,
  points: readonly Point[],
  periodMs: number,
  isCounted: boolean,
): number | undefined {
  const values = points.map(({ value }) => value);
  // A counter that stands still counts nothing: that is data.
  if (aligner === "ALIGN_DELTA") return sum(values);
  if (aligner === "ALIGN_RATE") return sum(values) / (periodMs / 1000);
  if (values.length === 0) return isCounted && /_(SUM|COUNT)$/.test(aligner) ? 0 : undefined;
  if (aligner === "ALIGN_NONE" || aligner === "ALIGN_NEXT_OLDER") return values.at(-1);
  return combine(aligner, values);
}

/** One value for those of several series. */
export function reduce(reducer: string, values: readonly number[]): number {
  return combine(reducer, values);
}

function combine(name: string, values: readonly number[]): number {
  const percent = PERCENTILE.exec(name)?.[1];
  if (percent !== undefined) return percentile(values, Number(percent));
  return COMBINED[name.replace(/^(ALIGN|REDUCE)_/, "")]?.(values) ?? Number.NaN;
}

/** The smallest value that so many per cent do not exceed. */
function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
