/** So much was spent at this time. */
export interface Spent {
  readonly at: number;
  readonly count: number;
}

/** The most that was spent within any time of this length. */
export function peakWithin(spent: readonly Spent[], windowMs: number): number {
  const ordered = [...spent].sort((one, other) => one.at - other.at);
  let first = 0;
  let sum = 0;
  let peak = 0;
  for (const { at, count } of ordered) {
    sum += count;
    for (let oldest = ordered[first]; oldest && oldest.at <= at - windowMs; oldest = ordered[first]) {
      sum -= oldest.count;
      first++;
    }
    peak = Math.max(peak, sum);
  }
  return peak;
}

/** The lowest level of a token bucket from which all of it is spent: below 0, its owner would have refused some. */
export function lowestLevel(spent: readonly Spent[], capacity: number, perMs: number): number {
  const ordered = [...spent].sort((one, other) => one.at - other.at);
  let level = capacity;
  let since = ordered[0]?.at ?? 0;
  let lowest = capacity;
  for (const { at, count } of ordered) {
    level = Math.min(capacity, level + (at - since) * perMs) - count;
    since = at;
    lowest = Math.min(lowest, level);
  }
  return lowest;
}
