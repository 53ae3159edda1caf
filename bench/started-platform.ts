import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalApi } from "../local/command-line/local-target.ts";
import { findCloud, stopCloudProcess } from "../local/daemon/cloud-process.ts";
import { claimPorts } from "../local/kernel/claim-ports.ts";
import { REPOSITORY } from "../local/kernel/place.ts";
import { endedChildrenCpuSeconds } from "./process-usage.ts";

const UP_DEADLINE_MS = 300_000;
const KEPT_OUTPUT = 1_000_000;

export interface UpRun {
  readonly seconds: number;
  /** Of npm, set-up, engine and program; not of the cloud, which lives on. */
  readonly cpuSeconds: number;
  /** By operation, components too. */
  readonly changeSummary: Readonly<Record<string, number>>;
}

interface StartOptions {
  /** A checkout that is set up. @default this one */
  readonly folder?: string;
  /** Of the first `up`. */
  readonly flags?: readonly string[];
}

/** A platform that `npm run up` made, as a newcomer would: a cloud in a process of its own, on state and ports of its own. */
export class StartedPlatform implements AsyncDisposable {
  static readonly #live = new Set<StartedPlatform>();
  readonly stateDir: string;
  readonly #portBase: number;
  readonly #folder: string;

  private constructor(stateDir: string, portBase: number, folder: string) {
    this.stateDir = stateDir;
    this.#portBase = portBase;
    this.#folder = folder;
  }

  static async start({ folder = REPOSITORY, flags = [] }: StartOptions = {}): Promise<StartedPlatform> {
    const stateDir = await mkdtemp(join(tmpdir(), "bench-"));
    const { ports, control } = await claimPorts("any");
    await new Promise((resolve) => control.close(resolve));
    const platform = new StartedPlatform(stateDir, ports.control, folder);
    StartedPlatform.#live.add(platform);
    try {
      await platform.up(...flags);
      return platform;
    } catch (error) {
      await platform[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** For an interrupt: clouds outlive the process that started them. */
  static async stopAll(): Promise<void> {
    await Promise.all([...StartedPlatform.#live].map((platform) => platform[Symbol.asyncDispose]()));
  }

  /** `npm run up` as a whole process. @throws with its output when it fails. */
  async up(...flags: readonly string[]): Promise<UpRun> {
    const place = ["--state-dir", this.stateDir, "--port-base", String(this.#portBase)];
    const cpuBefore = endedChildrenCpuSeconds();
    const startedAt = performance.now();
    const output = await run(
      "npm",
      ["run", "--silent", "up", "--", ...place, ...flags, "--json"],
      this.#folder,
    );
    const seconds = (performance.now() - startedAt) / 1000;
    const { changeSummary } = JSON.parse(output.trimEnd().split("\n").at(-1) ?? "") as UpRun;
    return { seconds, cpuSeconds: endedChildrenCpuSeconds() - cpuBefore, changeSummary };
  }

  api(): Promise<LocalApi> {
    return LocalApi.open(this.stateDir);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    StartedPlatform.#live.delete(this);
    const cloud = await findCloud(this.stateDir);
    if (cloud) await stopCloudProcess(cloud);
    await rm(this.stateDir, { recursive: true, force: true });
  }
}

/** What a command printed on standard output, the end of it. @throws with its output when it fails. */
export function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: UP_DEADLINE_MS,
    });
    let stdout = "";
    let all = "";
    child.stdout.on("data", (bytes: Buffer) => {
      stdout = (stdout + bytes).slice(-KEPT_OUTPUT);
      all = (all + bytes).slice(-KEPT_OUTPUT);
    });
    child.stderr.on("data", (bytes: Buffer) => {
      all = (all + bytes).slice(-KEPT_OUTPUT);
    });
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0) resolve(stdout);
      else reject(new Error(`${command} ${args.join(" ")} ended with ${signal ?? code}:\n${all}`));
    });
  });
}
