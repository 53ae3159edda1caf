import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Another process has this state folder open. */
export class StateHeld extends Error {
  readonly code = "STATE_HELD";

  constructor(stateDir: string, options?: ErrorOptions) {
    super(`Another local cloud runs on the state in ${stateDir}.`, options);
    this.name = "StateHeld";
  }
}

/**
 * The exclusive lock keeps a second cloud off the same state for as long as this process lives.
 * What is committed survives the end of the process at any point; a power cut may cost the last moments,
 * which a development machine can bear and a hundred fsyncs a second it feels.
 *
 * @throws {StateHeld} when another process has it open.
 */
export function openCloudDatabase(stateDir: string): DatabaseSync {
  const db = new DatabaseSync(join(stateDir, "cloud", "cloud.db"));
  try {
    db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    db.exec("BEGIN IMMEDIATE; COMMIT");
  } catch (error) {
    db.close();
    if (/locked/.test(String(error))) throw new StateHeld(stateDir, { cause: error });
    throw error;
  }
  return db;
}
