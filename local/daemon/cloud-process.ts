import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { exchange } from "../../operator/exchange.ts";
import { EXIT, Failure } from "../../operator/terminal/failure.ts";
import { absoluteStateDir } from "../kernel/place.ts";
import { endsWithin, isAlive } from "../kernel/process-life.ts";
import type { CloudStatus } from "./control.ts";

const STOP_DEADLINE_MS = 30_000;
const CONTROL_DEADLINE_MS = 5_000;
/** What a port answers whose process has gone, or is just going. */
const CLOSED = ["ECONNREFUSED", "ECONNRESET"];
/** The kernel takes a process away at once; one that hangs in the disk's driver it can't. */
const KILL_DEADLINE_MS = 10_000;

/** The cloud that runs on this state, if one does. */
export async function findCloud(stateDir: string): Promise<CloudStatus | undefined> {
  const daemon = readDaemon(join(absoluteStateDir(stateDir), "cloud", "daemon.json"));
  if (!daemon) return undefined;
  const { port, pid } = daemon;
  try {
    const status = (await control(port, "GET", "/status")) as CloudStatus;
    // Another cloud may have got the port since.
    return status.pid === pid ? status : undefined;
  } catch (error) {
    if (isAlive(pid) && !CLOSED.includes((error as NodeJS.ErrnoException).code ?? "")) {
      throw new Failure(
        `The local cloud (process ${pid}) does not answer on port ${port}: ${messageOf(error)}.`,
      );
    }
    return undefined;
  }
}

/** Written whole, so that what can't be read was damaged since and tells of no cloud. */
function readDaemon(path: string): { readonly port: number; readonly pid: number } | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const { port, pid } = JSON.parse(readFileSync(path, "utf8")) as { port?: unknown; pid?: unknown };
    return Number.isInteger(port) && Number.isInteger(pid) && Number(pid) > 1
      ? { port: Number(port), pid: Number(pid) }
      : undefined;
  } catch {
    return undefined;
  }
}

/** @throws {Failure} when none runs. */
export async function requireCloud(stateDir: string): Promise<CloudStatus> {
  const cloud = await findCloud(stateDir);
  if (!cloud) {
    throw new Failure(
      `No local cloud runs on ${absoluteStateDir(stateDir)}: start it with npm run up.`,
      EXIT.notRunning,
    );
  }
  if (cloud.stopping) {
    throw new Failure(
      `The local cloud on ${cloud.stateDir} is stopping: start it again with npm run up.`,
      EXIT.notRunning,
    );
  }
  return cloud;
}

/** What the cloud holds, and under which URN it was made. */
export type CloudInventory = readonly { readonly kind: string; readonly id: string; readonly urn: string }[];

export async function inventoryOf({ ports }: CloudStatus): Promise<CloudInventory> {
  const { resources } = (await control(ports.control, "GET", "/resources")) as { resources: CloudInventory };
  return resources;
}

/** Resolves when the process is gone. @throws {Failure} when it can't be ended. */
export async function stopCloudProcess({ pid, ports }: CloudStatus): Promise<void> {
  await control(ports.control, "POST", "/stop").catch(() => undefined);
  if (await endsWithin(pid, STOP_DEADLINE_MS)) return;
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone this moment, or not ours to kill, which the next wait tells.
  }
  if (await endsWithin(pid, KILL_DEADLINE_MS)) return;
  throw new Failure(`The local cloud (process ${pid}) did not end, though it was killed.`);
}

/** One request to the daemon's control port. */
export async function control(
  port: number,
  method: "GET" | "POST",
  path: string,
  deadlineMs = CONTROL_DEADLINE_MS,
): Promise<unknown> {
  const { status, text } = await exchange({ port, method, path, deadlineMs });
  if (status !== 200) throw new Error(`${method} ${path}: ${status} ${text}`);
  return JSON.parse(text);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
