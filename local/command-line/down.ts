import { findCloud, stopCloudProcess } from "../daemon/cloud-process.ts";
import { absoluteStateDir } from "../kernel/place.ts";
import { purge } from "./purge.ts";

export async function down(options: { readonly stateDir: string; readonly purge?: boolean }): Promise<void> {
  if (options.purge) await purge(absoluteStateDir(options.stateDir), () => stop(options.stateDir));
  else await stop(options.stateDir);
}

async function stop(stateDir: string): Promise<void> {
  const cloud = await findCloud(stateDir);
  if (!cloud) {
    process.stdout.write("No local cloud was running.\n");
    return;
  }
  await stopCloudProcess(cloud);
  process.stdout.write(
    `Stopped the local cloud (process ${cloud.pid}) and its ${cloud.pids.length} processes.\n`,
  );
}
