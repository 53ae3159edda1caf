import { readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { EngineRefusal } from "./engine-refusal.ts";

/** Where a program runs, and what of it is run: `.` is the folder's own entry. */
export interface ProgramEntry {
  readonly directory: string;
  readonly entry: string;
}

/**
 * Reads `main` of Pulumi.yaml, a file or a folder, as Pulumi does.
 * @throws {EngineRefusal} when there is no such project or entry.
 */
export function programEntry(programDir: string): ProgramEntry {
  const project = join(programDir, "Pulumi.yaml");
  let yaml: string;
  try {
    yaml = readFileSync(project, "utf8");
  } catch (error) {
    throw new EngineRefusal(`There is no project in ${programDir}: ${project} cannot be read.`, {
      cause: error,
    });
  }
  const [, quoted, plain] = /^main:[ \t]*(?:["']([^"'\n]+)["']|([^\s#"'|>&*{[][^#\n]*))/m.exec(yaml) ?? [];
  const main = (quoted ?? plain ?? "").trim();
  if (main === "" && /^main:/m.test(yaml)) {
    throw new EngineRefusal(`${project}: main must be a path on the same line.`);
  }
  const path = join(programDir, main);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined)
    throw new EngineRefusal(`${project}: main must be a file or folder; there is none at ${path}.`);
  return found.isDirectory()
    ? { directory: path, entry: "." }
    : { directory: dirname(path), entry: basename(path) };
}
