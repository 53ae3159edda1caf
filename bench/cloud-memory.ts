import { setTimeout as delay } from "node:timers/promises";
import type { Figure, Measurement } from "./measurement.ts";
import { requireProc, residentMegabytes } from "./process-usage.ts";
import { StartedPlatform } from "./started-platform.ts";

const IDLE_MS = 10_000;

export const cloudMemory: Measurement = {
  name: "cloud-memory",
  description: "Resident memory of the cloud's own process, which hosts every part and both providers",
  conditions: `after the first up, and after a second; each ${IDLE_MS / 1000} s later`,
  async run() {
    requireProc();
    await using platform = await StartedPlatform.start();
    const { cloud } = await platform.api();
    const figure = async (name: string): Promise<Figure> => {
      await delay(IDLE_MS);
      const value = residentMegabytes(cloud.pid);
      if (value === undefined) throw new Error(`The cloud (process ${cloud.pid}) has ended.`);
      return { name, value, unit: "MB", aim: 250 };
    };
    const first = await figure("memory of the cloud after up");
    await platform.up();
    return [first, await figure("memory of the cloud after a second up")];
  },
};
