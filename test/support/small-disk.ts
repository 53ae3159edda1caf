import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const HOLD = 'mount -t tmpfs -o "size=$2m" tmpfs "$1" && echo mounted && exec sleep 3600';
const FILL = 'cat /dev/zero >"$1/filler" 2>/dev/null; cat /dev/zero >>"$1/filler" 2>/dev/null; true';

/**
 * A disk of a few megabytes that a test may fill up or make read-only: a tmpfs in a mount namespace
 * of its own, seen only by what is run `through` it. Needs Linux with user namespaces.
 */
export class SmallDisk implements Disposable {
  readonly folder: string;
  /** What runs a command where the disk is to be seen. */
  readonly through: readonly string[];
  readonly #holder: ChildProcess;

  private constructor(folder: string, holder: ChildProcess) {
    this.folder = folder;
    this.#holder = holder;
    this.through = ["nsenter", "--preserve-credentials", "-U", "-m", `--target=${holder.pid}`, "--"];
  }

  static async make(megabytes: number): Promise<SmallDisk> {
    const folder = mkdtempSync(join(tmpdir(), "small-disk-"));
    const holder = spawn(
      "unshare",
      ["--user", "--map-root-user", "--mount", "sh", "-c", HOLD, "sh", folder, String(megabytes)],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    for await (const line of createInterface(holder.stdout)) {
      if (line === "mounted") return new SmallDisk(folder, holder);
    }
    throw new Error("This machine lets no one mount a tmpfs in a namespace of their own.");
  }

  fill(): void {
    this.#run("sh", "-c", FILL, "sh", this.folder);
  }

  free(): void {
    this.#run("rm", join(this.folder, "filler"));
  }

  /** While nothing has a file open for writing. */
  makeReadOnly(): void {
    this.#run("mount", "-o", "remount,ro", this.folder);
  }

  makeWritable(): void {
    this.#run("mount", "-o", "remount,rw", this.folder);
  }

  [Symbol.dispose](): void {
    this.#holder.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  #run(...command: readonly string[]): void {
    const [program = "", ...args] = [...this.through, ...command];
    const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
  }
}
