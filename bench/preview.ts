import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REPOSITORY } from "../local/kernel/place.ts";
import type { Measurement } from "./measurement.ts";
import { endedChildrenCpuSeconds, requireProc } from "./process-usage.ts";
import { run } from "./started-platform.ts";
import { median, spread } from "./statistics.ts";

const RUNS = 5;

export const preview: Measurement = {
  name: "preview",
  description: "npm run preview -- prod, from an empty state",
  conditions: `median of ${RUNS} after one that fills the compile caches; whole processes (npm, set-up check, engine, providers, program); no cloud runs`,
  async run() {
    requireProc();
    const stateDir = await mkdtemp(join(tmpdir(), "bench-"));
    try {
      await previewOnce(stateDir);
      const runs: PreviewRun[] = [];
      for (let count = 0; count < RUNS; count += 1) runs.push(await previewOnce(stateDir));
      const [seconds, cpu] = [runs.map((each) => each.seconds), runs.map((each) => each.cpuSeconds)];
      return [
        { name: "preview of prod", value: median(seconds), unit: "s", aim: 4, note: spread(seconds) },
        { name: "preview of prod, CPU", value: median(cpu), unit: "s", note: spread(cpu) },
      ];
    } finally {
      await rm(stateDir, { recursive: true, force: true });
    }
  },
};

interface PreviewRun {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** @throws when it does not plan the platform. */
async function previewOnce(stateDir: string): Promise<PreviewRun> {
  const cpuBefore = endedChildrenCpuSeconds();
  const startedAt = performance.now();
  const args = ["run", "--silent", "preview", "--", "prod", "--state-dir", stateDir];
  const output = await run("npm", args, REPOSITORY);
  const seconds = (performance.now() - startedAt) / 1000;
  if (!/\+ \d{2,} to create/.test(output)) throw new Error(`The preview planned no platform:\n${output}`);
  return { seconds, cpuSeconds: endedChildrenCpuSeconds() - cpuBefore };
}
