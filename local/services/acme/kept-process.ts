import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, readFileSync, rmSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { requireFreePort } from "../../kernel/open-port.ts";
import { commandOf, kill } from "../../kernel/processes.ts";

const KEEPER = fileURLToPath(new URL("./keeper.sh", import.meta.url));
const READY_DEADLINE_MS = 15_000;
const PROBE_EVERY_MS = 25;
const STOP_DEADLINE_MS = 5_000;
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 10_000;
/** Who stayed up this long starts with the shortest pause again. */
const STEADY_MS = 30_000;
const KEPT_LINES = 20;
const DEFAULT_WATCH: Watch = { everyMs: 5_000, deadlineMs: 5_000 };
/** Looks in a row without an answer, after which it counts as hung. A busy one answers at least one of them. */
const MOST_SILENT_LOOKS = 3;

export interface KeptProcessOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where it will listen: checked first, because otherwise whoever holds them would answer for it. */
  readonly ports: readonly number[];
  /** Names the process for whoever starts next, should this one and its keeper both be killed. */
  readonly pidFile: string;
  readonly onLine: (line: string) => void;
  /** Told of an unexpected end, and of what is done about it. */
  readonly onTrouble: (sentence: string) => void;
  /** Rejects while the process doesn't answer yet. Asked again until it resolves; runs after every restart too. */
  readonly ready: () => Promise<void>;
  /** Rejects, by the signal at the latest, when the process does not answer. Asked as long as this process lives. */
  readonly answers: (signal: AbortSignal) => Promise<void>;
  readonly watch?: Watch;
}

/** How it is noticed that a program hangs. */
export interface Watch {
  /** Between two looks at whether it answers. */
  readonly everyMs: number;
  /** For one answer. */
  readonly deadlineMs: number;
}

/**
 * A program that lives exactly as long as this process: started again when it dies or
 * no longer answers, with growing pauses and an end, and killed by its keeper when this process dies.
 */
export class KeptProcess {
  readonly #options: KeptProcessOptions;
  readonly #lines: string[] = [];
  readonly #stopping = new AbortController();
  #keeper: ChildProcess | undefined;
  #ended: Promise<string> | undefined;
  #life: Promise<void> | undefined;
  #told: string | undefined;

  constructor(options: KeptProcessOptions) {
    this.#options = options;
  }

  /** The program's own pid, not its keeper's. */
  get pid(): number | undefined {
    return readPid(this.#options.pidFile);
  }

  /** Resolves when `ready` has. @throws {Error} with the program's last lines when it ends or stays silent. */
  async start(): Promise<void> {
    const { name, command, pidFile } = this.#options;
    try {
      accessSync(command, constants.X_OK);
    } catch (error) {
      throw new Error(`${name} must be an executable at ${command}; build it with "node setup.mjs".`, {
        cause: error,
      });
    }
    sweep(pidFile, command);
    try {
      await this.#run();
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#life = Promise.all([this.#keepAlive(), this.#watch()]).then(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#keeper?.stdin?.destroy();
    const late = setTimeout(() => {
      const { pid } = this;
      if (pid !== undefined) kill(pid);
      this.#keeper?.kill("SIGKILL");
    }, STOP_DEADLINE_MS);
    await this.#ended;
    await this.#life;
    clearTimeout(late);
  }

  async #run(): Promise<void> {
    const { name, command, args, env, ports, pidFile, ready } = this.#options;
    for (const port of ports) await requireFreePort(port, name);
    this.#stopping.signal.throwIfAborted();
    const keeper = spawn("/bin/sh", [KEEPER, pidFile, command, ...args], {
      env: { PATH: process.env.PATH ?? "", ...env },
      stdio: ["pipe", "pipe", "pipe"],
      // Ctrl-C at the terminal is this process's to answer: the program is stopped in its turn.
      detached: true,
    });
    this.#keeper = keeper;
    for (const output of [keeper.stdout, keeper.stderr]) this.#follow(output);
    keeper.stdin.on("error", () => undefined);
    let ended = false;
    this.#ended = new Promise((resolve) => {
      keeper.once("error", (error) => resolve(`could not be started: ${error.message}`));
      keeper.once("close", (code, signal) => resolve(`ended with ${signal ?? `status ${code}`}`));
    });
    void this.#ended.then(() => {
      ended = true;
      keeper.stdin.destroy();
    });
    const deadline = performance.now() + READY_DEADLINE_MS;
    for (;;) {
      if (ended) throw new Error(`${name} ${await this.#ended}:\n${this.#lines.join("\n")}`);
      try {
        return await ready();
      } catch (error) {
        if (performance.now() > deadline) {
          const reason = error instanceof Error ? error.message : String(error);
          throw new Error(`${name} did not answer within ${READY_DEADLINE_MS} ms: ${reason}`, {
            cause: error,
          });
        }
      }
      await Promise.race([this.#ended, delay(PROBE_EVERY_MS)]);
    }
  }

  /** Goes on for as long as the cloud does: what keeps a program from starting, a taken port say, may go away. */
  async #keepAlive(): Promise<void> {
    const { name } = this.#options;
    const { signal } = this.#stopping;
    for (let restarts = 0; ; restarts += 1) {
      const since = performance.now();
      const end = await this.#ended;
      if (signal.aborted) return;
      this.#tell(`${name} ${end}; it is started again.`);
      if (performance.now() - since > STEADY_MS) restarts = 0;
      for (let started = false; !started; restarts += started ? 0 : 1) {
        const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** restarts, LONGEST_BACKOFF_MS);
        await delay(backoff * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return;
        started = await this.#startAgain();
      }
    }
  }

  async #startAgain(): Promise<boolean> {
    try {
      await this.#run();
      this.#told = undefined;
      return true;
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#tell(error instanceof Error ? error.message : String(error));
      this.#keeper?.stdin?.destroy();
      return false;
    }
  }

  /** The same trouble twice in a row is told once. */
  #tell(sentence: string): void {
    if (sentence !== this.#told) this.#options.onTrouble(sentence);
    this.#told = sentence;
  }

  /** Ends a program that hangs, which starts it again. One that is dead or starting is the others' to deal with. */
  async #watch(): Promise<void> {
    const { name, command, answers, watch = DEFAULT_WATCH } = this.#options;
    const { signal } = this.#stopping;
    let watched: number | undefined;
    for (let silent = 0; ; ) {
      await delay(watch.everyMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const { pid } = this;
      const answered = await answers(AbortSignal.timeout(watch.deadlineMs)).then(
        () => true,
        () => false,
      );
      silent = answered || pid !== watched ? 0 : silent + 1;
      watched = pid;
      if (silent < MOST_SILENT_LOOKS || pid === undefined || signal.aborted) continue;
      this.#tell(`${name} has not answered ${silent} times in a row; it is ended.`);
      silent = 0;
      if (isRunning(pid, command)) kill(pid);
    }
  }

  #follow(output: Readable): void {
    createInterface({ input: output, crlfDelay: Number.POSITIVE_INFINITY }).on("line", (line) => {
      this.#lines.push(line);
      if (this.#lines.length > KEPT_LINES) this.#lines.shift();
      this.#options.onLine(line);
    });
  }
}

/** Ends what a killed cloud may have left behind, if the pid is still that program's. */
function sweep(pidFile: string, command: string): void {
  const pid = readPid(pidFile);
  rmSync(pidFile, { force: true });
  if (pid !== undefined && isRunning(pid, command)) kill(pid);
}

/** Whether the pid is that program's, and not one that the system gave to another since. */
function isRunning(pid: number, command: string): boolean {
  return commandOf(pid).startsWith(command);
}

function readPid(pidFile: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, "utf8"), 10);
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}
