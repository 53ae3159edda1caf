import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { StateHeld } from "../kernel/cloud-database.ts";
import { rememberPortBase } from "../kernel/port-base.ts";
import { startCloud } from "./cloud.ts";

/** A cloud of its own process, until it is told to stop. */
const { values } = parseArgs({
  options: {
    "state-dir": { type: "string" },
    "port-base": { type: "string" },
    "bin-dir": { type: "string" },
  },
});
const { "state-dir": stateDir, "port-base": portBase, "bin-dir": binDir } = values;
if (stateDir === undefined || portBase === undefined || binDir === undefined) {
  throw new Error("--state-dir, --port-base and --bin-dir must be given.");
}

try {
  const file = join(stateDir, "cloud", "daemon.json");
  const cloud = await startCloud({ stateDir, portBase: Number(portBase), binDir });
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    // Until it is gone, whoever looks for the cloud learns that it is stopping.
    cloud.stop().then(
      () => {
        rmSync(file, { force: true });
        process.exit(0);
      },
      (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
        process.exit(1);
      },
    );
  };
  cloud.onStopRequest(stop);
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  rememberPortBase(stateDir, cloud.kernel.ports.control);
  // Under its name only once it is whole: whoever looks for the cloud may look right now.
  writeFileSync(`${file}.new`, JSON.stringify({ pid: process.pid, port: cloud.kernel.ports.control }));
  renameSync(`${file}.new`, file);
  // Whoever started the cloud may be gone by now; the next one finds it.
  process.send?.({ ready: cloud.status() }, () => undefined);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  if (process.send) {
    const failed = error instanceof Error ? error.message : String(error);
    process.send({ failed, held: error instanceof StateHeld }, () => process.exit(1));
  } else {
    process.exit(1);
  }
}
