const MEBIBYTES_BY_UNIT: Readonly<Record<string, number>> = { Mi: 1, Gi: 1024 };
/**
 * Whole CPUs, and the least and most memory that goes with them. Fewer than one take one request at a
 * time, and Cloud Run's second generation takes no less memory than 512Mi.
 *
 * @see https://cloud.google.com/run/docs/configuring/services/cpu
 * @see https://cloud.google.com/run/docs/configuring/services/memory-limits
 */
const MEMORY_BY_CPU = {
  1: ["512Mi", "4Gi"],
  2: ["512Mi", "8Gi"],
  4: ["2Gi", "16Gi"],
  6: ["4Gi", "24Gi"],
  8: ["4Gi", "32Gi"],
} as const;

export type CpuCount = keyof typeof MEMORY_BY_CPU;
export const CPU_COUNTS: readonly CpuCount[] = [1, 2, 4, 6, 8];
export const DEFAULT_SIZE = { cpu: 1, memory: "512Mi" } as const;

/** The rule that so much memory breaks beside so many CPUs, if it breaks one. */
export function brokenMemory(cpu: CpuCount, memory: string): string | undefined {
  const [least, most] = MEMORY_BY_CPU[cpu];
  const size = mebibytes(memory);
  if (size >= mebibytes(least) && size <= mebibytes(most)) return undefined;
  return `must be from ${least} to ${most} beside ${cpu} CPU`;
}

/** Not a number, and so within no limits, for what is no whole number of a unit. */
function mebibytes(memory: string): number {
  const [, count, unit = ""] = /^([1-9]\d{0,5})(Mi|Gi)$/.exec(memory) ?? [];
  return Number(count) * (MEBIBYTES_BY_UNIT[unit] ?? Number.NaN);
}
