import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { EXIT, Failure } from "../../operator/terminal/failure.ts";
import { openCloudDatabase, StateHeld } from "../kernel/cloud-database.ts";
import { lockFile } from "../pulumi/update.ts";
import { UpdateLock } from "../pulumi/update-lock.ts";
import {
  isStateFolder,
  MARKER,
  markStateFolder,
  requireStateFolder,
  STATE_PARTS,
  unmarkedPart,
} from "./state-folder.ts";

/** A cloud that ends lets go of its database a moment after it is seen no more. */
const RELEASE_DEADLINE_MS = 5_000;
const POLL_MS = 50;

/**
 * Deletes a local cloud's state and nothing else, once no update runs and no cloud does.
 *
 * @param stop ends the cloud, when it is sure that its state may go.
 * @throws {Failure} for a folder whose state is not a local cloud's.
 * @throws {Failure} while an update runs, naming its pid.
 */
export async function purge(stateDir: string, stop: () => Promise<void>): Promise<void> {
  requireStateFolder(stateDir);
  if (!isStateFolder(stateDir)) {
    const found = unmarkedPart(stateDir);
    if (found !== undefined) {
      throw new Failure(
        `The folder ${stateDir} is not marked as a local cloud's: its "${found}" is not --purge's to delete.`,
        EXIT.stateUnusable,
      );
    }
    process.stdout.write(`There is no state in ${stateDir}.\n`);
    return;
  }
  const lock = await UpdateLock.acquire(lockFile(stateDir));
  try {
    await stop();
    const database = await heldDatabase(stateDir);
    try {
      deleteState(stateDir);
    } finally {
      database?.close();
    }
  } finally {
    lock.release();
  }
  process.stdout.write(`Deleted the state in ${stateDir}.\n`);
}

/** Put aside first, so that whoever starts a cloud meanwhile finds all of its state or none. */
function deleteState(stateDir: string): void {
  // An older state has no mark, and half of it no sign: whoever is killed here can purge again.
  markStateFolder(stateDir);
  const parts = STATE_PARTS.map((name) => join(stateDir, name));
  for (const part of parts) rmSync(aside(part), { recursive: true, force: true });
  for (const part of parts) if (existsSync(part)) renameSync(part, aside(part));
  for (const part of parts) rmSync(aside(part), { recursive: true, force: true });
  rmSync(join(stateDir, MARKER), { force: true });
}

function aside(path: string): string {
  return `${path}.purged`;
}

/** Keeps another cloud off the state. `undefined` for a database that is none any more, which holds nobody up. */
async function heldDatabase(stateDir: string): Promise<DatabaseSync | undefined> {
  if (!existsSync(join(stateDir, "cloud", "cloud.db"))) return undefined;
  const deadline = Date.now() + RELEASE_DEADLINE_MS;
  for (;;) {
    try {
      return openCloudDatabase(stateDir);
    } catch (error) {
      if (!(error instanceof StateHeld)) return undefined;
      if (Date.now() > deadline) throw new Failure(error.message, EXIT.locked, { cause: error });
    }
    await delay(POLL_MS);
  }
}
