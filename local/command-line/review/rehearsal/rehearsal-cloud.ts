import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { findCloud, stopCloudProcess } from "../../../daemon/cloud-process.ts";
import { claimPorts } from "../../../kernel/claim-ports.ts";
import { absoluteStateDir, REPOSITORY } from "../../../kernel/place.ts";
import { checkpointFile } from "../../../pulumi/checkpoint.ts";
import { LOCAL_STACK } from "../../../pulumi/local-stack.ts";
import type { Change } from "../../../pulumi/update.ts";
import { UpdateLock } from "../../../pulumi/update-lock.ts";
import { backendOf } from "../../../pulumi/workspace.ts";
import { LocalApi } from "../../local-target.ts";

const COMMAND_LINE = join(REPOSITORY, "local", "command-line", "main.ts");
const ERROR = /^error: /;
const TOLD_LINES = 3;
const WATCH_MS = 100;

/** How an `up` went. */
export interface Deployment {
  readonly changes: readonly Change[];
  /** Without any, all is made. */
  readonly errors: readonly string[];
}

/**
 * A local cloud for a rehearsal alone, on free ports and a state of its own: one that the user has is not touched. The
 * commands that work on it are processes of their own, so that nothing but traffic keeps this one busy.
 */
export class RehearsalCloud {
  readonly stateDir: string;
  readonly #lock: UpdateLock;
  readonly #portBase: number;
  readonly #say: (line: string) => void;
  #running: ChildProcess | undefined;
  #pid: number | undefined;

  private constructor(stateDir: string, lock: UpdateLock, portBase: number, say: (line: string) => void) {
    this.stateDir = stateDir;
    this.#lock = lock;
    this.#portBase = portBase;
    this.#say = say;
    process.once("exit", this.#onExit);
  }

  /** What the rehearsal before it left goes first. @throws {Failure} while another rehearsal runs */
  static async make(stateDir: string, say: (line: string) => void): Promise<RehearsalCloud> {
    const folder = join(absoluteStateDir(stateDir), "rehearsal");
    const lock = await UpdateLock.acquire(`${folder}.lock`);
    try {
      await stop(folder);
      rmSync(folder, { recursive: true, force: true });
      const { ports, control } = await claimPorts("any");
      await new Promise((resolve) => control.close(resolve));
      return new RehearsalCloud(folder, lock, ports.control, say);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /**
   * Has `npm run up` make the program in a folder. Its types are not checked: those of a base may hold with the
   * packages of its own time alone.
   *
   * @param onBegun once the first resource is about to be made, changed or deleted
   */
  async up(programFolder: string, signal: AbortSignal, onBegun = () => {}): Promise<Deployment> {
    signal.throwIfAborted();
    const place = ["--state-dir", this.stateDir, "--port-base", String(this.#portBase)];
    const args = ["up", "--json", "--no-first-domain", "--no-type-check", "--cwd", programFolder, ...place];
    const node = ["--disable-warning=ExperimentalWarning", COMMAND_LINE];
    const child = spawn(process.execPath, [...node, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      // ^C is ours to pass on, once: a second one has it leave its steps unfinished.
      detached: true,
    });
    this.#running = child;
    const interrupt = () => child.kill("SIGINT");
    signal.addEventListener("abort", interrupt, { once: true });
    const watch = this.#watchBegin(onBegun);
    const told: string[] = [];
    createInterface(child.stderr).on("line", (line) => {
      told.push(line);
      this.#say(`  ${line}`);
    });
    try {
      const [out, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
      signal.throwIfAborted();
      const answer = out.trim().split("\n").at(-1) ?? "";
      const { changes = [] } = (answer === "" ? {} : JSON.parse(answer)) as Partial<Deployment>;
      return { changes, errors: code === 0 ? [] : errorsIn(told, code) };
    } finally {
      clearInterval(watch);
      signal.removeEventListener("abort", interrupt);
      this.#running = undefined;
    }
  }

  async api(): Promise<LocalApi> {
    const api = await LocalApi.open(this.stateDir);
    this.#pid = api.cloud.pid;
    return api;
  }

  /** @param keep leaves the state there, for whoever wants to look. */
  async end(keep: boolean): Promise<void> {
    try {
      await stop(this.stateDir);
      if (!keep) rmSync(this.stateDir, { recursive: true, force: true });
    } finally {
      process.off("exit", this.#onExit);
      this.#lock.release();
    }
  }

  /** The engine writes the stack's state before each step. */
  #watchBegin(onBegun: () => void): NodeJS.Timeout {
    const file = checkpointFile(backendOf(this.stateDir), LOCAL_STACK);
    const writtenAt = () => statSync(file, { throwIfNoEntry: false })?.mtimeMs;
    const before = writtenAt();
    const watch = setInterval(() => {
      if (writtenAt() === before) return;
      clearInterval(watch);
      onBegun();
    }, WATCH_MS);
    return watch;
  }

  /** Whoever ends us at once wants all of it to end. What is left, the next rehearsal removes. */
  readonly #onExit = (): void => {
    this.#running?.kill("SIGTERM");
    if (this.#pid !== undefined) process.kill(this.#pid, "SIGTERM");
  };
}

async function stop(stateDir: string): Promise<void> {
  const cloud = await findCloud(stateDir);
  if (cloud) await stopCloudProcess(cloud);
}

function errorsIn(lines: readonly string[], code: unknown): readonly string[] {
  const errors = lines.filter((line) => ERROR.test(line)).map((line) => line.replace(ERROR, ""));
  if (errors.length > 0) return errors;
  return [lines.slice(-TOLD_LINES).join(" ").trim() || `npm run up ended with ${code}.`];
}
