import { availableParallelism, cpus, loadavg, totalmem } from "node:os";

/** Without which no figure means anything. */
export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memoryGigabytes: number;
  readonly node: string;
  readonly platform: string;
  /** Processes that wanted a core, on average of the last minute. */
  readonly load: number;
}

export function describeMachine(): Machine {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? "unknown processor",
    memoryGigabytes: Math.round(totalmem() / 1e9),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}
