import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { REPOSITORY } from "../../local/kernel/place.ts";
import { type Ended, finish } from "./command-line.ts";
import type { CopiedProgram } from "./copied-program.ts";

const HUNK = "@@";

/** One block of code of a guide: a file, a change to one, or lines for a shell. */
interface Step {
  readonly language: string;
  /** Those that the sentence before the block names. */
  readonly paths: readonly string[];
  readonly lines: readonly string[];
}

/** A section of docs/contributing.md as its reader follows it. */
export class Guide {
  readonly #steps: readonly Step[];

  private constructor(steps: readonly Step[]) {
    this.#steps = steps;
  }

  /** @throws where the page has no such section, or a block whose file it does not name. */
  static async read(title: string): Promise<Guide> {
    const page = await readFile(join(REPOSITORY, "docs", "contributing.md"), "utf8");
    const section = page.split(/^## /m).find((text) => text.startsWith(`${title}\n`));
    const steps = stepsOf(section?.split("\n") ?? []);
    if (steps.length === 0 || steps.some(({ language, paths }) => language !== "sh" && paths.length === 0)) {
      throw new Error(`docs/contributing.md must have steps under "${title}", and name the file of each.`);
    }
    return new Guide(steps);
  }

  /** Does each step in a copy, in their order. @returns what each line for a shell said, by the line */
  async follow(copy: CopiedProgram): Promise<Readonly<Record<string, Ended>>> {
    const said: Record<string, Ended> = {};
    for (const step of this.#steps) {
      if (step.language === "sh") {
        for (const line of step.lines) said[line] = await inShell(line, copy.folder);
      } else if (step.language === "diff") {
        for (const path of step.paths) {
          for (const [from, to] of hunksOf(step.lines)) await copy.edit(path, from, to);
        }
      } else {
        for (const file of step.paths.map((path) => join(copy.folder, path))) {
          await mkdir(dirname(file), { recursive: true });
          await writeFile(file, `${step.lines.join("\n")}\n`, { flag: "wx" });
        }
      }
    }
    return said;
  }
}

function stepsOf(lines: readonly string[]): readonly Step[] {
  const steps: (Step & { readonly lines: string[] })[] = [];
  let paths: readonly string[] = [];
  let isOpen = false;
  for (const line of lines) {
    const [, fence] = /^```(.*)$/.exec(line) ?? [];
    if (fence !== undefined) {
      isOpen = !isOpen;
      if (isOpen) steps.push({ language: fence, paths, lines: [] });
    } else if (isOpen) {
      steps.at(-1)?.lines.push(line);
    } else if (line !== "") {
      const sentence = line.endsWith(":") ? (line.split(/[.;] /).at(-1) ?? "") : "";
      paths = [...sentence.matchAll(/`([\w./-]+\.\w+)`/g)].flatMap(([, path]) => path ?? []);
    }
  }
  return steps;
}

/** What is to be found, and what takes its place. */
function hunksOf(lines: readonly string[]): readonly (readonly [from: string, to: string])[] {
  return lines
    .join("\n")
    .split(`\n${HUNK}\n`)
    .map((hunk) => {
      const side = (without: string) =>
        hunk
          .split("\n")
          .filter((line) => !line.startsWith(without))
          .map((line) => `${line.slice(1)}\n`)
          .join("");
      return [side("+"), side("-")];
    });
}

function inShell(line: string, cwd: string): Promise<Ended> {
  const { JEST_WORKER_ID: _, ...env } = process.env;
  return finish(
    spawn("sh", ["-c", line], { cwd, stdio: ["ignore", "pipe", "pipe"], env: { ...env, NODE_OPTIONS: "" } }),
  );
}
