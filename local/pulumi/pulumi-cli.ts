import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { BIN_DIR } from "../kernel/place.ts";

/** The program that set-up put there. */
export const PULUMI = join(BIN_DIR, "pulumi");
/** The CLI is at least as new as the SDK: set-up sees to it. */
const { version: SDK_VERSION } = createRequire(import.meta.url)("@pulumi/pulumi/package.json") as {
  version: string;
};
const KEPT_ERROR_LENGTH = 20_000;
/**
 * What the Automation API asks the CLI before and after an update, and nobody here needs: each would start the CLI
 * once more, a third of the time of an update that changes nothing. Every command names its stack.
 */
const ANSWERED: Readonly<Record<string, string>> = {
  "stack select": "",
  "stack output": "{}",
  "stack history": "[]",
};

export interface CliResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** The CLI ended with another code than 0, or could not be started. */
export class CliFailure extends Error {
  readonly code = "CLI_FAILED";
  readonly result: CliResult;

  constructor(args: readonly string[], result: CliResult) {
    const told = lastLines(result) || "it was killed, or said nothing";
    super(`pulumi ${args.slice(0, 2).join(" ")} ended with ${result.code}: ${told}`);
    this.name = "CliFailure";
    this.result = result;
  }
}

/** Pulumi's CLI as the Automation API calls it, in a process group of its own: ^C in a terminal is ours to pass on, once. */
export class PulumiCli {
  readonly command = PULUMI;
  readonly version = SDK_VERSION as unknown as PulumiCommand["version"];
  readonly #flags: readonly string[];

  /** @param flags What the Automation API has no option for; for `up` and `preview`. */
  constructor(flags: readonly string[] = []) {
    this.#flags = flags;
  }

  /** @throws {CliFailure} */
  async run(
    args: readonly string[],
    cwd: string,
    env: Readonly<Record<string, string>>,
    onOutput?: (text: string) => void,
    onError?: (text: string) => void,
    signal?: AbortSignal,
  ): Promise<CliResult> {
    const answered = ANSWERED[args.slice(0, 2).join(" ")];
    if (answered !== undefined) return { stdout: answered, stderr: "", code: 0 };
    const flags = args[0] === "up" || args[0] === "preview" ? this.#flags : [];
    return runCli([...args, ...flags, "--non-interactive"], { cwd, env, onOutput, onError, signal });
  }
}

export interface RunOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly onOutput?: ((text: string) => void) | undefined;
  readonly onError?: ((text: string) => void) | undefined;
  /** What it reads. @default nothing */
  readonly input?: string | undefined;
  /** Asks the CLI to come to an end, as ^C does. */
  readonly signal?: AbortSignal | undefined;
}

/** @throws {CliFailure} */
export async function runCli(
  args: readonly string[],
  { cwd, env, onOutput, onError, input, signal }: RunOptions,
): Promise<CliResult> {
  const child = spawn(PULUMI, args, {
    cwd,
    env: { ...surroundings(), ...env },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  // It may end without having read it all.
  child.stdin.on("error", () => undefined).end(input);
  // Whoever ends us at once wants that to end too. What was under way is resolved by the next update.
  const kill = (): void => {
    child.kill("SIGKILL");
  };
  const interrupt = (): void => {
    child.kill("SIGINT");
  };
  process.once("exit", kill);
  signal?.addEventListener("abort", interrupt, { once: true });
  if (signal?.aborted) interrupt();
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (onOutput) onOutput(text);
    else stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-KEPT_ERROR_LENGTH);
    onError?.(text);
  });
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (status, killed) => resolve(status ?? (killed === "SIGKILL" ? 137 : 143)));
    });
    if (code !== 0) throw new CliFailure(args, { stdout, stderr, code });
    return { stdout, stderr, code };
  } finally {
    process.off("exit", kill);
    signal?.removeEventListener("abort", interrupt);
  }
}

/** Without a user's own settings of Pulumi's: logins, backends, stacks. */
export function surroundings(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PULUMI_")));
}

function lastLines({ stderr, stdout }: CliResult): string {
  const text = (stderr.trim() || stdout.trim()).split("\n");
  return text.slice(-5).join("\n");
}
