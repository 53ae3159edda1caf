import type { Measurement } from "./measurement.ts";
import { requireProc } from "./process-usage.ts";
import { StartedPlatform, type UpRun } from "./started-platform.ts";
import { median, spread } from "./statistics.ts";

const RUNS = 5;

export const secondUp: Measurement = {
  name: "second-up",
  description: "npm run up on a platform that is up and unchanged",
  conditions: `median of ${RUNS}; whole processes (npm, set-up check, engine, program); the cloud runs already`,
  async run() {
    requireProc();
    await using platform = await StartedPlatform.start();
    const runs: UpRun[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const up = await platform.up();
      const { same: _, ...changes } = up.changeSummary;
      if (Object.values(changes).some((count) => count > 0)) {
        throw new Error(`A second up must change nothing; it did: ${JSON.stringify(changes)}.`);
      }
      runs.push(up);
    }
    const [seconds, cpu] = [runs.map((run) => run.seconds), runs.map((run) => run.cpuSeconds)];
    return [
      { name: "second up", value: median(seconds), unit: "s", aim: 5, note: spread(seconds) },
      { name: "second up, CPU of the command", value: median(cpu), unit: "s", note: spread(cpu) },
    ];
  },
};
