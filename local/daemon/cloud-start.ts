import { fork } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Failure } from "../../operator/terminal/failure.ts";
import { absoluteStateDir, BIN_DIR, REPOSITORY } from "../kernel/place.ts";
import { findCloud } from "./cloud-process.ts";
import type { CloudStatus } from "./control.ts";

const START_DEADLINE_MS = 60_000;
const POLL_MS = 50;
/** How long a start waits for who holds the state before it is tried again. */
const RETRY_MS = 2_000;
/** V8 takes 16 otherwise: the cloud is then some 45 MB larger after an `up`, and a tenth cheaper under its heaviest load. */
const YOUNG_SPACE_MB = 4;

/** What the daemon says to whoever started it. */
export type StartMessage =
  | { readonly ready: CloudStatus }
  /** `held`: another cloud has the state. */
  | { readonly failed: string; readonly held?: boolean };

/**
 * Starts the daemon, which outlives this process; or takes the one that another starts meanwhile; or waits for
 * one that is ending.
 * @throws {Failure} with the daemon's own sentence.
 */
export async function startCloudProcess(stateDir: string, portBase: number): Promise<CloudStatus> {
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    const message = await launch(stateDir, portBase);
    if ("ready" in message) return message.ready;
    const other = message.held ? await otherCloud(stateDir) : undefined;
    if (other) return other;
    if (!message.held || Date.now() > deadline) throw new Failure(message.failed);
  }
}

/** One daemon, and what it says of its start. */
async function launch(stateDir: string, portBase: number): Promise<StartMessage> {
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
  if ("ready" in message) {
    daemon.disconnect();
    daemon.unref();
  }
  return message;
}

/**
 * Who holds the state: a cloud that someone else started at the same moment can't be asked before it is up. One
 * that ends can't be asked either, in its last moments: `undefined` before long, so that the start is tried again.
 */
async function otherCloud(stateDir: string): Promise<CloudStatus | undefined> {
  const deadline = Date.now() + RETRY_MS;
  for (;;) {
    const found = await findCloud(stateDir);
    if (found && !found.stopping) return found;
    if (Date.now() > deadline) return undefined;
    await delay(POLL_MS);
  }
}
