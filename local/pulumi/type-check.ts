import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Mistake } from "./judgement.ts";
import type { Program } from "./program.ts";
import { PROGRAM_FOLDERS, sourcesHash } from "./sources.ts";

/** How the names of marks end: sources that were found to be right. */
const RIGHT = ".right";
const MAX_MARKS = 16;

/**
 * What the compiler says of a program and of the workloads that it deploys: what only types know, such as an
 * environment variable that a workload lacks. Costs a look at the sources when they have not changed since they were
 * found to be right.
 */
export async function typeErrors(program: Program, signal?: AbortSignal): Promise<readonly Mistake[]> {
  const { folder } = program;
  const sources = sourcesHash(folder, PROGRAM_FOLDERS);
  // A program of another shape has a compiler's configuration of its own, or none.
  if (sources === undefined) return [];
  const cache = join(folder, "node_modules", ".cache", "type-check");
  const found = join(cache, `${sources}${RIGHT}`);
  if (existsSync(found)) return [];
  mkdirSync(cache, { recursive: true });
  // One each for a folder: what the compiler found out before helps with the next change.
  const own = join(cache, createHash("sha256").update(folder).digest("hex").slice(0, 16));
  const configuration = `${own}.json`;
  writeFileSync(
    configuration,
    JSON.stringify({
      extends: join(folder, "tsconfig.json"),
      compilerOptions: {
        tsBuildInfoFile: `${own}.tsbuildinfo`,
        typeRoots: [join(folder, "node_modules/@types")],
      },
      include: PROGRAM_FOLDERS.map((name) => join(folder, name)),
      exclude: PROGRAM_FOLDERS.map((name) => join(folder, name, "**/*.test.ts")),
    }),
  );
  const { code, text } = await compile(folder, configuration, signal);
  if (code === 0) {
    writeFileSync(found, "");
    removeOld(cache);
    return [];
  }
  const errors = mistakesIn(text);
  if (errors.length === 0) throw new Error(`The compiler failed (${code}): ${text}`);
  return errors;
}

function mistakesIn(text: string): readonly Mistake[] {
  const found: { at: string; message: string }[] = [];
  for (const line of text.split("\n")) {
    const [, path, row, code, sentence] = /^(.+?)\((\d+),\d+\): error (TS\d+): (.*)$/.exec(line) ?? [];
    const last = found.at(-1);
    if (path !== undefined) found.push({ at: `${path}:${row}`, message: `${sentence} (${code})` });
    else if (last && /^\s+\S/.test(line)) last.message += ` ${line.trim()}`;
  }
  return found;
}

async function compile(cwd: string, configuration: string, signal?: AbortSignal) {
  const tsc = join(cwd, "node_modules", "typescript", "bin", "tsc");
  const child = spawn(process.execPath, [tsc, "-p", configuration, "--pretty", "false"], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    ...(signal && { signal }),
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return { code, text };
}

function removeOld(cache: string): void {
  const marks = readdirSync(cache)
    .filter((name) => name.endsWith(RIGHT))
    .map((name) => ({ path: join(cache, name), at: statSync(join(cache, name)).mtimeMs }))
    .sort((left, right) => right.at - left.at);
  for (const { path } of marks.slice(MAX_MARKS)) rmSync(path, { force: true });
}
