import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { connect } from "node:net";
import type { Readable } from "node:stream";
import { InstanceFailed } from "./instance-failed.ts";
import { readLines } from "./log-lines.ts";
import type { StartupProbe } from "./service-settings.ts";

const PROBE_PAUSE_MS = 15;
const MEMORY_CHECK_MS = 1000;
const KEPT_LINES = 30;

export interface InstanceOptions {
  /** Shown by `ps`, and how a later run of the cloud knows the process for its own. */
  readonly title: string;
  /** JavaScript that is run before the instance's own. */
  readonly preload: string;
  readonly folder: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly port: number;
  readonly probe: StartupProbe | undefined;
  readonly startupDeadlineMs: number;
  readonly memoryBytes: number;
  /** Between SIGTERM and SIGKILL. */
  readonly stopGraceMs: number;
  readonly onLine: (line: string) => void;
  /** Ends the attempt to start. */
  readonly signal: AbortSignal;
}

/** One process that serves a revision's requests on a port of its own. */
export class Instance {
  readonly port: number;
  readonly pid: number;
  /** Resolves with how the process ended. */
  readonly ended: Promise<string>;
  inFlight = 0;
  readonly #process: ChildProcess;
  readonly #options: InstanceOptions;
  readonly #lastLines: string[] = [];
  #endedAs: string | undefined;
  #killedFor: string | undefined;

  private constructor(child: ChildProcess, pid: number, options: InstanceOptions) {
    this.#process = child;
    this.#options = options;
    this.pid = pid;
    this.port = options.port;
    this.ended = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        clearInterval(memoryCheck);
        this.#endedAs = this.#killedFor ?? (signal ? `was ended by ${signal}` : `exited with code ${code}`);
        resolve(this.#endedAs);
      });
    });
    for (const stream of [child.stdout, child.stderr])
      readLines(stream as Readable, (line) => this.#keep(line));
    const memoryCheck = setInterval(() => this.#checkMemory(), MEMORY_CHECK_MS).unref();
  }

  /** @throws {InstanceFailed} if the process does not answer its startup probe within the deadline. */
  static async start(options: InstanceOptions): Promise<Instance> {
    const nodeOptions = [`--title=${options.title}`, "--require", options.preload];
    const child = spawn(process.execPath, [...nodeOptions, ...options.args], {
      cwd: options.folder,
      env: options.environment,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const failure = once(child, "error").then(([error]) => error as Error);
    if (child.pid === undefined)
      throw new InstanceFailed(`could not be started: ${(await failure).message}`, []);
    failure.catch(() => undefined);
    const instance = new Instance(child, child.pid, options);
    try {
      await instance.#becomeReady();
      return instance;
    } catch (error) {
      await instance.stop(0);
      throw error;
    }
  }

  get isRunning(): boolean {
    return this.#endedAs === undefined;
  }

  /** SIGTERM, then SIGKILL after the grace; resolves when the process is gone. */
  async stop(graceMs: number = this.#options.stopGraceMs): Promise<void> {
    if (!this.isRunning) return;
    if (graceMs > 0) this.#process.kill("SIGTERM");
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  async #becomeReady(): Promise<void> {
    const { probe, startupDeadlineMs, signal } = this.#options;
    const deadline = Date.now() + startupDeadlineMs;
    if (probe?.initialDelaySeconds) await this.#pause(probe.initialDelaySeconds * 1000);
    while (this.isRunning) {
      if (signal.aborted) throw new InstanceFailed("is no longer needed", []);
      if (await this.#answers(probe)) return;
      if (Date.now() >= deadline) {
        const port = `the port given by PORT=${this.port} within ${startupDeadlineMs / 1000} s`;
        const what = probe?.httpGet
          ? `did not answer its startup probe on ${port}`
          : `did not listen on ${port}`;
        throw new InstanceFailed(what, this.#lastLines);
      }
      await this.#pause(PROBE_PAUSE_MS);
    }
    throw new InstanceFailed(`${await this.ended} before it listened on PORT=${this.port}`, this.#lastLines);
  }

  #answers(probe: StartupProbe | undefined): Promise<boolean> {
    const timeout = (probe?.timeoutSeconds ?? 1) * 1000;
    return new Promise((resolve) => {
      if (!probe?.httpGet) {
        const socket = connect({ host: "127.0.0.1", port: this.port, timeout });
        socket.once("connect", () => resolve(true)).once("connect", () => socket.destroy());
        socket.once("timeout", () => socket.destroy()).once("error", () => resolve(false));
        socket.once("close", () => resolve(false));
        return;
      }
      const { path } = probe.httpGet;
      const request = get({ host: "127.0.0.1", port: this.port, path, timeout, agent: false }, (response) => {
        response.resume();
        resolve((response.statusCode ?? 500) < 400);
      });
      request.once("timeout", () => request.destroy()).once("error", () => resolve(false));
    });
  }

  /** Ends early when the process does. */
  async #pause(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([this.ended, new Promise((resolve) => (timer = setTimeout(resolve, ms)))]);
    clearTimeout(timer);
  }

  /** As Cloud Run's memory limit; where there is no /proc (macOS) the limit is not enforced. */
  #checkMemory(): void {
    const { memoryBytes, onLine } = this.#options;
    const used = residentBytes(this.pid);
    if (used === undefined || used <= memoryBytes || this.#killedFor) return;
    const [limit, usage] = [memoryBytes, used].map((bytes) => Math.round(bytes / 1024 ** 2));
    this.#killedFor = `was ended over its memory: limit of ${limit} MiB exceeded with ${usage} MiB used`;
    onLine(
      JSON.stringify({
        severity: "ERROR",
        message: `Memory limit of ${limit} MiB exceeded with ${usage} MiB used.`,
      }),
    );
    this.#process.kill("SIGKILL");
  }

  #keep(line: string): void {
    this.#lastLines.push(line);
    if (this.#lastLines.length > KEPT_LINES) this.#lastLines.shift();
    this.#options.onLine(line);
  }
}

function residentBytes(pid: number): number | undefined {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}
