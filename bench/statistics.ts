/** The value that `share` (0 to 1) of all do not exceed: one of them, by nearest rank. @throws without any. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new RangeError("A percentile must be of one value or more; got none.");
  return value;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** `5 runs, 1.2 to 1.4` */
export function spread(values: readonly number[], digits = 1): string {
  const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits));
  return `${values.length} runs, ${least} to ${most}`;
}
