import { join } from "node:path";
import type { Measurement } from "./measurement.ts";
import { StartedPlatform } from "./started-platform.ts";

const RESOURCES = 1_000;
const PROGRAM = join(import.meta.dirname, "many-resources");

export const manyResources: Measurement = {
  name: "many-resources",
  description: "npm run up of a program of many resources that cost nothing to make",
  conditions: `once each; ${RESOURCES} records that are only written down; whole processes; the cloud runs already`,
  async run(say) {
    const up = async (platform: StartedPlatform, count: number, what: string) => {
      const { seconds } = await platform.up("--cwd", PROGRAM, "--config", `many-resources:count=${count}`);
      say(`${what}: ${seconds.toFixed(1)} s`);
      return seconds;
    };
    await using platform = await StartedPlatform.start({
      flags: ["--cwd", PROGRAM, "--no-first-domain", "--config", "many-resources:count=0"],
    });
    return [
      { name: "made", value: await up(platform, RESOURCES, "made"), unit: "s", aim: 10 },
      { name: "unchanged", value: await up(platform, RESOURCES, "unchanged"), unit: "s" },
      { name: "deleted", value: await up(platform, 0, "deleted"), unit: "s" },
    ];
  },
};
