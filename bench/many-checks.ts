import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Figure, Measurement } from "./measurement.ts";

const SIZES = [10_000, 100_000];
/** The larger one's. */
const AIMS = { seconds: 600, megabytes: 256 };
/** As Node limits itself in an instance of 256 MB. */
const FLAGS = ["--disable-warning=ExperimentalWarning", "--max-old-space-size=128"];
const DEADLINE_MS = 3_600_000;

/** What `many-checks-instance.ts` prints. */
export interface ManyChecks {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly megabytes: number;
  readonly megabytesBefore: number;
}

export const manyChecks: Measurement = {
  name: "many-checks",
  description:
    "A full check of 10,000 and of 100,000 domains: one watcher's round, and the checks it asks for",
  conditions:
    "watcher and checker with 80 checks at once in one process; each call of Storage, DNS, the CA or the edge is simulated and takes 10 to 50 ms; memory is the process's peak, both workloads and what is simulated",
  async run(say) {
    const figures: Figure[] = [];
    for (const domains of SIZES) {
      say(`${domains} domains`);
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [...FLAGS, join(import.meta.dirname, "many-checks-instance.ts"), String(domains)],
        { timeout: DEADLINE_MS },
      );
      const { seconds, cpuSeconds, megabytes, megabytesBefore } = JSON.parse(stdout) as ManyChecks;
      const isLarge = domains === SIZES.at(-1);
      const cpuNote = `${(cpuSeconds / seconds).toFixed(2)} of a core, ${((1e6 * cpuSeconds) / domains).toFixed(0)} µs a domain`;
      figures.push(
        {
          name: `${domains} domains: time`,
          value: seconds,
          unit: "s",
          ...(isLarge && { aim: AIMS.seconds }),
          note: cpuNote,
        },
        {
          name: `${domains} domains: memory`,
          value: megabytes,
          unit: "MB",
          ...(isLarge && { aim: AIMS.megabytes }),
          note: `${megabytesBefore.toFixed(0)} before the first domain`,
        },
      );
    }
    return figures;
  },
};
