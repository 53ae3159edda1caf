import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { EXIT, Failure } from "../../operator/terminal/failure.ts";

/** Burying a dead holder takes milliseconds; whoever meets another at it waits this long. */
const TAKEOVER_DEADLINE_MS = 5_000;
const POLL_MS = 20;
/** A lock, the lock for burying its holder, and one more for who died while burying. */
const MAX_DEPTH = 3;

const holderSchema = z.object({ pid: z.int().positive(), startedAt: z.string(), nonce: z.string() });
type Holder = z.infer<typeof holderSchema>;

/**
 * A lock file with its holder's pid. A holder that died leaves its file behind; it is
 * removed under a second lock of the same kind, so that of several who find it only one
 * removes it, and none removes the file of the one who came after.
 */
export class UpdateLock {
  readonly #path: string;
  readonly #text: string;

  private constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
  }

  /** @throws {Failure} naming the pid that holds it. */
  static acquire(path: string): Promise<UpdateLock> {
    mkdirSync(dirname(path), { recursive: true });
    return acquire(path, 0);
  }

  static made(path: string, text: string): UpdateLock {
    return new UpdateLock(path, text);
  }

  release(): void {
    if (read(this.#path) === this.#text) rmSync(this.#path, { force: true });
  }
}

async function acquire(path: string, depth: number): Promise<UpdateLock> {
  const holder: Holder = {
    pid: process.pid,
    startedAt: startOf(process.pid),
    nonce: randomBytes(8).toString("hex"),
  };
  const text = `${JSON.stringify(holder)}\n`;
  const deadline = Date.now() + TAKEOVER_DEADLINE_MS;
  while (!create(path, text)) {
    const found = read(path);
    if (found === undefined) continue;
    const living = livingHolder(found);
    if (living !== undefined && depth === 0) throw heldBy(path, living.pid);
    if (Date.now() > deadline || depth + 1 === MAX_DEPTH) {
      throw new Failure(`The lock ${path} is left over; remove it when no other update runs.`, EXIT.locked);
    }
    if (living !== undefined) {
      await sleep(POLL_MS);
      continue;
    }
    const burial = await acquire(`${path}.takeover`, depth + 1);
    try {
      if (read(path) === found) rmSync(path);
    } finally {
      burial.release();
    }
  }
  return UpdateLock.made(path, text);
}

/** Written whole under another name and then linked: whoever sees the lock sees its holder. */
function create(path: string, text: string): boolean {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  writeFileSync(draft, text, { flush: true });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft);
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The holder, unless it is dead: its pid is gone or was given to another process since. */
function livingHolder(text: string): Holder | undefined {
  let holder: Holder;
  try {
    holder = holderSchema.parse(JSON.parse(text));
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return undefined;
    holder = holderSchema.parse(JSON.parse(text));
  }
  return startOf(holder.pid) === holder.startedAt ? holder : undefined;
}

/** When a process started, in the kernel's ticks; empty where the kernel does not tell (macOS), and the pid alone decides. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function heldBy(path: string, pid: number): Failure {
  return new Failure(
    `Another update of this stack is running, with pid ${pid} (lock ${path}); wait for it or stop it.`,
    EXIT.locked,
  );
}
