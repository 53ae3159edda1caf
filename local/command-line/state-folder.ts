import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";

/** With less than this left, SQLite, the stack's state and the logs begin to fail. */
const LEAST_FREE_BYTES = 1024 * 1024;

/** Why a state folder takes no writes, in a sentence; `undefined` if nothing speaks against it. */
export function stateFolderTrouble(stateDir: string): string | undefined {
  const folder = nearestExisting(stateDir);
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "EROFS" ? "is on a read-only file system" : `cannot be written (${code})`;
    return `The state folder ${stateDir} ${why}: make it writable and try again; nothing is lost.`;
  }
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= LEAST_FREE_BYTES) return undefined;
  return `The disk of the state folder ${stateDir} is full: free some space and try again; nothing is lost.`;
}

function nearestExisting(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestExisting(dirname(folder));
}
