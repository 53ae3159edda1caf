import { fork } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { CloudStatus } from "../daemon/control.ts";
import { exchange } from "./exchange.ts";
import { EXIT_NOT_RUNNING, Failure } from "./failure.ts";
import { absoluteStateDir, BIN_DIR, REPOSITORY } from "./place.ts";

const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 30_000;
const CONTROL_DEADLINE_MS = 5_000;
const POLL_MS = 50;
/** V8 takes 16 otherwise: the cloud is then some 45 MB larger after an `up`, and a tenth cheaper under its heaviest load. */
const YOUNG_SPACE_MB = 4;

/** What the daemon says to whoever started it. */
export type StartMessage =
  | { readonly ready: CloudStatus }
  /** `held`: another cloud has the state. */
  | { readonly failed: string; readonly held?: boolean };

/** The cloud that runs on this state, if one does. */
export async function findCloud(stateDir: string): Promise<CloudStatus | undefined> {
  const path = join(absoluteStateDir(stateDir), "cloud", "daemon.json");
  if (!existsSync(path)) return undefined;
  const { port, pid } = JSON.parse(readFileSync(path, "utf8")) as { port: number; pid: number };
  try {
    const status = (await control(port, "GET", "/status")) as CloudStatus;
    // Another cloud may have got the port since.
    return status.pid === pid ? status : undefined;
  } catch (error) {
    if (isAlive(pid) && (error as NodeJS.ErrnoException).code !== "ECONNREFUSED") {
      throw new Failure(
        `The local cloud (process ${pid}) does not answer on port ${port}: ${messageOf(error)}.`,
      );
    }
    return undefined;
  }
}

/** @throws {Failure} when none runs. */
export async function requireCloud(stateDir: string): Promise<CloudStatus> {
  const cloud = await findCloud(stateDir);
  if (!cloud) {
    throw new Failure(
      `No local cloud runs on ${absoluteStateDir(stateDir)}: start it with npm run up.`,
      EXIT_NOT_RUNNING,
    );
  }
  return cloud;
}

/** Starts the daemon, which outlives this process; or takes the one that another starts meanwhile. @throws {Failure} with its own sentence. */
export async function startCloudProcess(stateDir: string, portBase: number): Promise<CloudStatus> {
  const folder = join(absoluteStateDir(stateDir), "cloud");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const log = openSync(join(folder, "daemon.log"), "a", 0o600);
  const daemon = fork(
    join(REPOSITORY, "local", "daemon", "main.ts"),
    ["--state-dir", absoluteStateDir(stateDir), "--port-base", String(portBase), "--bin-dir", BIN_DIR],
    {
      detached: true,
      execArgv: ["--disable-warning=ExperimentalWarning", `--max-semi-space-size=${YOUNG_SPACE_MB}`],
      stdio: ["ignore", log, log, "ipc"],
      // Set-up's cache, where it started us, is warm whatever the state: without it Node's type stripper
      // comes into the daemon too, and 30 MB with it.
      env: { NODE_COMPILE_CACHE: join(folder, "compile-cache"), ...process.env },
    },
  );
  closeSync(log);
  const message = await new Promise<StartMessage>((resolve) => {
    const deadline = setTimeout(() => {
      daemon.kill("SIGKILL");
      resolve({
        failed: `The local cloud was not ready after ${START_DEADLINE_MS / 1000} s; see ${folder}/daemon.log.`,
      });
    }, START_DEADLINE_MS);
    const settle = (answer: StartMessage) => {
      clearTimeout(deadline);
      resolve(answer);
    };
    daemon.once("message", (answer) => settle(answer as StartMessage));
    daemon.once("exit", (code, signal) =>
      settle({
        failed: `The local cloud ended while it started (${code ?? signal}); see ${folder}/daemon.log.`,
      }),
    );
  });
  if ("failed" in message) {
    const other = message.held ? await otherCloud(stateDir) : undefined;
    if (!other) throw new Failure(message.failed);
    return other;
  }
  daemon.disconnect();
  daemon.unref();
  return message.ready;
}

/** A cloud that someone else started at the same moment can't be asked before it is up. */
async function otherCloud(stateDir: string): Promise<CloudStatus | undefined> {
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    const found = await findCloud(stateDir);
    if (found || Date.now() > deadline) return found;
    await delay(POLL_MS);
  }
}

/** Resolves when the process is gone. */
export async function stopCloudProcess(cloud: CloudStatus): Promise<void> {
  await control(cloud.ports.control, "POST", "/stop").catch(() => undefined);
  const deadline = Date.now() + STOP_DEADLINE_MS;
  while (isAlive(cloud.pid)) {
    if (Date.now() > deadline) process.kill(cloud.pid, "SIGKILL");
    await delay(POLL_MS);
  }
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

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
