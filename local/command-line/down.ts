import { rmSync } from "node:fs";
import { join } from "node:path";
import { findCloud, stopCloudProcess } from "./cloud-process.ts";
import { absoluteStateDir } from "./place.ts";

/** What a state folder holds beside the programs that set-up built. */
const STATE = ["cloud", "stacks", "key", "compile-cache"];

export async function down(options: { readonly stateDir: string; readonly purge?: boolean }): Promise<void> {
  const cloud = await findCloud(options.stateDir);
  if (cloud) {
    await stopCloudProcess(cloud);
    process.stdout.write(
      `Stopped the local cloud (process ${cloud.pid}) and its ${cloud.pids.length} processes.\n`,
    );
  } else {
    process.stdout.write("No local cloud was running.\n");
  }
  if (options.purge) {
    for (const name of STATE)
      rmSync(join(absoluteStateDir(options.stateDir), name), { recursive: true, force: true });
    process.stdout.write(`Deleted the state in ${absoluteStateDir(options.stateDir)}.\n`);
  }
}
