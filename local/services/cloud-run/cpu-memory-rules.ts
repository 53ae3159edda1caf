import { parseBytes } from "./quantity-syntax.ts";

const MEBIBYTE = 1024 ** 2;
const GIBIBYTE = 1024 ** 3;
/** Whole CPUs, and the memory that each takes. */
const MEMORY_BY_CPU: Readonly<Record<number, { readonly from: number; readonly to: number }>> = {
  1: { from: 128 * MEBIBYTE, to: 4 * GIBIBYTE },
  2: { from: 128 * MEBIBYTE, to: 8 * GIBIBYTE },
  4: { from: 2 * GIBIBYTE, to: 16 * GIBIBYTE },
  6: { from: 4 * GIBIBYTE, to: 24 * GIBIBYTE },
  8: { from: 4 * GIBIBYTE, to: 32 * GIBIBYTE },
};
const LEAST_CPU = 0.08;

/** Where Google says how CPU and memory go together. */
export const CPU = "https://cloud.google.com/run/docs/configuring/services/cpu";
export const MEMORY = "https://cloud.google.com/run/docs/configuring/services/memory-limits";

/** The rule that a number of CPUs breaks: "1", "0.5" or "500m". */
export function brokenCpu(text: string): string | undefined {
  const cpu = cpus(text);
  const fits = cpu !== undefined && ((cpu >= LEAST_CPU && cpu < 1) || cpu in MEMORY_BY_CPU);
  return fits ? undefined : `must be ${Object.keys(MEMORY_BY_CPU).join(", ")}, or from ${LEAST_CPU} to 1`;
}

export function brokenMemory(text: string, least = 128 * MEBIBYTE): string | undefined {
  const bytes = parseBytes(text);
  return bytes !== undefined && bytes >= least && bytes <= 32 * GIBIBYTE
    ? undefined
    : 'must be from "128Mi" to "32Gi"';
}

/** The rule that memory breaks beside so many CPUs, each of which is right by itself. */
export function brokenTogether(cpuText: string, memoryText: string): string | undefined {
  const [cpu, bytes] = [cpus(cpuText), parseBytes(memoryText)];
  if (cpu === undefined || bytes === undefined || brokenCpu(cpuText) || brokenMemory(memoryText))
    return undefined;
  const { from, to } = MEMORY_BY_CPU[cpu] ?? {
    from: 128 * MEBIBYTE,
    to: cpu < 0.5 ? 512 * MEBIBYTE : GIBIBYTE,
  };
  return bytes >= from && bytes <= to
    ? undefined
    : `must be from ${shown(from)} to ${shown(to)} beside ${cpuText} CPU`;
}

/** `undefined` for what is no number of CPUs. */
export function cpus(text: string): number | undefined {
  const [, digits, milli] = /^(\d+(?:\.\d+)?)(m?)$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return milli ? Number(digits) / 1000 : Number(digits);
}

function shown(bytes: number): string {
  return bytes < GIBIBYTE ? `"${bytes / MEBIBYTE}Mi"` : `"${bytes / GIBIBYTE}Gi"`;
}
