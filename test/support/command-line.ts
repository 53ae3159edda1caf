import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { REPOSITORY } from "../../local/kernel/place.ts";

/** How a command ended, and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Surroundings {
  /** Beside this process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** A program and its arguments that runs the command, `nsenter …` say. */
  readonly through?: readonly string[];
}

/** Starts a command as `npm run` does, without the set-up. */
export function startCommand(args: readonly string[], surroundings?: Surroundings): ChildProcess {
  return startScript(join(REPOSITORY, "local", "command-line", "main.ts"), args, surroundings);
}

/** Starts a script of this repository's on the Node that runs the tests. */
export function startScript(
  script: string,
  args: readonly string[],
  { env, through = [] }: Surroundings = {},
): ChildProcess {
  const node = [process.execPath, "--disable-warning=ExperimentalWarning"];
  const [program = "", ...rest] = [...through, ...node, script, ...args];
  return spawn(program, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_OPTIONS: "", ...env },
  });
}

export function runCommand(args: readonly string[], surroundings?: Surroundings): Promise<Ended> {
  return finish(startCommand(args, surroundings));
}

export async function finish(child: ChildProcess): Promise<Ended> {
  let out = "";
  let err = "";
  child.stdout?.on("data", (text: Buffer) => {
    out += text;
  });
  child.stderr?.on("data", (text: Buffer) => {
    err += text;
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, out, err };
}
