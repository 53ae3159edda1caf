import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { LineSplitter } from "./line-splitter.ts";
import type { ProgramEntry } from "./program-entry.ts";

/** A program that is asked to end and does not is ended. */
const KILL_AFTER_MS = 3_000;

export interface ProgramSettings extends ProgramEntry {
  /** The folder of Pulumi.yaml. */
  readonly rootDirectory: string;
  readonly project: string;
  readonly stack: string;
  readonly config: Readonly<Record<string, string>>;
  readonly secretKeys: readonly string[];
  readonly preview: boolean;
  readonly parallel: number;
  /** Where `ResourceMonitor` and `Engine` are served. */
  readonly engineAddress: string;
  readonly stateDir: string;
  onLine(stream: "stdout" | "stderr", line: string): void;
}

export interface ProgramExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The Pulumi program, run as Pulumi's language host runs it. It ends by itself when the engine dies. */
export class Program {
  readonly exit: Promise<ProgramExit>;
  readonly #child: ChildProcess;

  constructor(settings: ProgramSettings) {
    const { engineAddress, project, stack, rootDirectory, directory, entry, parallel, preview } = settings;
    const runner = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/run");
    const child = spawn(
      process.execPath,
      [
        `--import=${new URL("./program-preload.ts", import.meta.url).href}`,
        runner,
        `--monitor=${engineAddress}`,
        `--engine=${engineAddress}`,
        `--project=${project}`,
        `--stack=${stack}`,
        "--organization=organization",
        `--root-directory=${rootDirectory}`,
        `--pwd=${directory}`,
        `--parallel=${parallel}`,
        ...(preview ? ["--dry-run"] : []),
        entry,
      ],
      {
        cwd: directory,
        stdio: ["ignore", "pipe", "pipe"],
        env: environment(settings),
        // Out of reach of the terminal's Ctrl-C: the engine lets running steps finish, and then ends it.
        detached: true,
      },
    );
    this.#child = child;
    for (const name of ["stdout", "stderr"] as const) {
      const lines = new LineSplitter((line) => settings.onLine(name, line));
      child[name].on("data", (bytes: Buffer) => lines.write(bytes));
      child[name].on("end", () => lines.end());
    }
    const { promise, resolve, reject } = Promise.withResolvers<ProgramExit>();
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal }));
    this.exit = promise;
  }

  stop(): void {
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), KILL_AFTER_MS);
    this.#child.once("close", () => clearTimeout(timer));
  }
}

function environment({ config, secretKeys, stateDir }: ProgramSettings): NodeJS.ProcessEnv {
  return {
    ...process.env,
    // The program is TypeScript that Node runs itself; Pulumi's own compiler stays off.
    PULUMI_NODEJS_TYPESCRIPT: "false",
    PULUMI_CONFIG: JSON.stringify(config),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(secretKeys),
    NODE_COMPILE_CACHE: join(stateDir, "compile-cache"),
  };
}
