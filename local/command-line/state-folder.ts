import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { EXIT, Failure } from "../../operator/terminal/failure.ts";

/** What a local cloud and its engine keep; beside it may be the programs that set-up built. */
export const STATE_PARTS = ["cloud", "key", "pulumi", "pulumi.lock", "revisions"];
/** Says that what is called so in its folder is a local cloud's, and may be purged. */
export const MARKER = ".local-cloud";
const MARKER_TEXT = "A local cloud keeps its state in this folder; npm run down -- --purge deletes it.\n";
/** Of a Pulumi program. */
const PROJECT_FILE = "Pulumi.yaml";
/** With less than this left, SQLite, the stack's state and the logs begin to fail. */
const LEAST_FREE_BYTES = 1024 * 1024;

/**
 * Marks a folder as one of a local cloud, before anything is written to it.
 * @throws {Failure} for a folder that is somebody else's: a later purge would delete what is theirs.
 */
export function claimStateFolder(stateDir: string): void {
  requireStateFolder(stateDir);
  if (isStateFolder(stateDir)) return;
  const found = unmarkedPart(stateDir);
  // A cloud that never got as far as to a stack has a database, and no key; a preview makes a key, and no cloud.
  const isOurs = found === "key" ? hasKey(stateDir) : hasDatabase(stateDir);
  if (found !== undefined && !isOurs) {
    throw unusable(
      `The state folder ${stateDir} holds "${found}", which no local cloud made: move that away, or name another folder with --state-dir.`,
    );
  }
  markStateFolder(stateDir);
}

export function markStateFolder(stateDir: string): void {
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(join(stateDir, MARKER), MARKER_TEXT);
}

/** @throws {Failure} for what can't be the folder of a state, whatever it holds. */
export function requireStateFolder(stateDir: string): void {
  const existing = nearestExisting(stateDir);
  if (!statSync(existing).isDirectory()) {
    throw unusable(`The state folder ${stateDir} must be a folder; ${existing} is a file.`);
  }
  if (existsSync(join(stateDir, PROJECT_FILE))) {
    throw unusable(
      `The state folder ${stateDir} must not be that of a program, and it holds a ${PROJECT_FILE}: name another with --state-dir.`,
    );
  }
}

/** What a purge would delete, once the folder were marked, and nobody could make again: a cache is no loss. */
export function unmarkedPart(stateDir: string): string | undefined {
  return ["pulumi", "cloud", "key"].find((name) => existsSync(join(stateDir, name)));
}

/** Whether a local cloud's state is there; before there were markers, its database and its key told. */
export function isStateFolder(stateDir: string): boolean {
  return existsSync(join(stateDir, MARKER)) || (hasDatabase(stateDir) && existsSync(join(stateDir, "key")));
}

/** 32 bytes in base64: the passphrase that a local cloud's stacks are encrypted with. */
function hasKey(stateDir: string): boolean {
  return /^[A-Za-z0-9+/]{43}=\n$/.test(readFileSync(join(stateDir, "key"), "utf8"));
}

function hasDatabase(stateDir: string): boolean {
  return existsSync(join(stateDir, "cloud", "cloud.db"));
}

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

function unusable(sentence: string): Failure {
  return new Failure(sentence, EXIT.stateUnusable);
}
