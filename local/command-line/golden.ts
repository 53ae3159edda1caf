import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { EXIT } from "../../operator/terminal/failure.ts";
import { interruptible } from "../../operator/terminal/interruptible.ts";
import { goldenOf } from "../../review/graph/golden-graph.ts";
import type { ResourceGraph } from "../../review/graph/resource-graph.ts";
import { DEFAULT_PORT_BASE, portsFrom } from "../kernel/claim-ports.ts";
import { LOCAL_STACK, programFolder } from "../pulumi/local-stack.ts";
import { Program } from "../pulumi/program.ts";
import { stackGraph } from "../pulumi/stack-graph.ts";
import { readLocalConfig, readStackConfig } from "./stack-config.ts";

/** Whose graphs are kept: by file, the stack, and the folder of its program below that of the first. */
const GRAPHS: Readonly<Record<string, readonly [stack: string, folder: string]>> = {
  local: ["local", "."],
  dev: ["dev", "."],
  prod: ["prod", "."],
  // That of dev differs from it in nothing but names.
  "delivery-prod": ["prod", join("stacks", "delivery")],
};

/** Writes what the program makes in each stack to a file each, and says which of them are not as they were. */
export async function golden({
  folder,
  cwd,
}: {
  readonly folder: string;
  readonly cwd?: string;
}): Promise<void> {
  const root = programFolder(cwd);
  // The program runs in a folder of its own.
  const target = resolve(folder);
  mkdirSync(target, { recursive: true });
  const { interrupted } = await interruptible((signal) => write(root, target, signal));
  if (interrupted) process.exitCode = EXIT.interrupted;
}

async function write(root: string, target: string, signal: AbortSignal): Promise<void> {
  for (const [name, [stack, folder]] of Object.entries(GRAPHS)) {
    const file = join(target, `${name}.json`);
    const text = goldenOf(await graphOfStack(stack, new Program(join(root, folder)), signal));
    const before = existsSync(file) ? readFileSync(file, "utf8") : undefined;
    if (text !== before) writeFileSync(file, text);
    process.stdout.write(
      `${text === before ? "same   " : before === undefined ? "new    " : "changed"} ${file}\n`,
    );
  }
}

/** With the default ports: the same wherever this machine's cloud listens. */
export function graphOfStack(stack: string, program: Program, signal: AbortSignal): Promise<ResourceGraph> {
  const config = readStackConfig(stack, {}, program.folder);
  const values =
    stack === LOCAL_STACK ? readLocalConfig({}, portsFrom(DEFAULT_PORT_BASE), program.folder) : config.values;
  return stackGraph(stack, program, { ...config, values }, signal);
}
