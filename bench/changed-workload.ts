import { cp, symlink } from "node:fs/promises";
import { join } from "node:path";
import { edgeOf } from "../local/command-line/local-target.ts";
import { REPOSITORY } from "../local/kernel/place.ts";
import { probeEdge } from "../operator/edge-probe.ts";
import { CopiedProgram } from "../test/support/copied-program.ts";
import type { Measurement } from "./measurement.ts";
import { StartedPlatform } from "./started-platform.ts";
import { median, spread } from "./statistics.ts";

const RUNS = 5;
const PAGE = "runtime/workloads/hosting/page.ts";
/** What the command line needs beside the program. */
const COMMAND_LINE = ["local", "setup.mjs", "package-lock.json", "Pulumi.local.yaml"];

export const changedWorkload: Measurement = {
  name: "changed-workload",
  description: "npm run up after one line of one workload changed, until the new code serves",
  conditions: `median of ${RUNS}; whole processes, in a copy of the repository that shares node_modules`,
  async run() {
    await using program = await CopiedProgram.make();
    for (const name of COMMAND_LINE)
      await cp(join(REPOSITORY, name), join(program.folder, name), { recursive: true });
    await symlink(join(REPOSITORY, ".local"), join(program.folder, ".local"));
    await using platform = await StartedPlatform.start({ folder: program.folder });
    const { cloud } = await platform.api();

    const seconds: number[] = [];
    let shown = "<p>This domain";
    for (let run = 0; run < RUNS; run += 1) {
      const changed = `<p data-run="${Date.now()}-${run}">This domain`;
      await program.edit(PAGE, shown, changed);
      shown = changed;
      const up = await platform.up();
      if (up.changeSummary.update !== 1) {
        throw new Error(`One service must have been updated; got ${JSON.stringify(up.changeSummary)}.`);
      }
      const { page } = await probeEdge(edgeOf(cloud), "hello.example.test");
      if (!page.includes(changed)) throw new Error("The edge serves the old page after up has ended.");
      seconds.push(up.seconds);
    }
    return [
      { name: "one changed workload", value: median(seconds), unit: "s", aim: 8, note: spread(seconds) },
    ];
  },
};
