import { readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EXIT, Failure } from "../../operator/terminal/failure.ts";
import { isAlive } from "../kernel/process-life.ts";
import { PROJECT } from "./local-stack.ts";

/** A CLI whose program was killed notices so at once, and ends once the steps that run have ended. */
const END_DEADLINE_MS = 60_000;
const POLL_MS = 100;

/**
 * Removes the locks of Pulumi's file backend whose holders are dead: a CLI that was killed leaves its own behind.
 * Waits for one that is about to end.
 *
 * @throws {Failure} naming the process that goes on holding the stack.
 */
export async function removeLeftLocks(
  backend: string,
  stack: string,
  say: (line: string) => void,
  deadlineMs = END_DEADLINE_MS,
): Promise<void> {
  const folder = join(backend, ".pulumi", "locks", "organization", PROJECT, stack);
  const deadline = Date.now() + deadlineMs;
  for (let told = false; ; told = true) {
    const holder = livingHolder(folder);
    if (holder === undefined) return;
    if (Date.now() >= deadline) {
      throw new Failure(
        `Another update of this stack is running, with pid ${holder} (lock in ${folder}); wait for it or stop it.`,
        EXIT.locked,
      );
    }
    if (!told) say(`Waiting for another update of this stack (process ${holder}) …\n`);
    await sleep(POLL_MS);
  }
}

function livingHolder(folder: string): number | undefined {
  for (const name of filesIn(folder)) {
    const path = join(folder, name);
    const holder = holderOf(path);
    if (holder !== undefined) return holder;
    rmSync(path, { force: true });
  }
  return undefined;
}

/** A lock that is not whole was being written by whoever died; one of another machine is not ours to judge. */
function holderOf(path: string): number | undefined {
  try {
    const lock = JSON.parse(readFileSync(path, "utf8")) as { pid?: unknown; hostname?: unknown };
    const pid = Number(lock.pid);
    if (!Number.isInteger(pid) || pid <= 1) return undefined;
    return lock.hostname !== hostname() || isAlive(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
