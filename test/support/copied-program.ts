import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BIN_DIR, REPOSITORY } from "../../local/kernel/place.ts";

const PROGRAM = [
  "Pulumi.yaml",
  "Pulumi.local.yaml",
  "package.json",
  "package-lock.json",
  "policy-exemptions.yaml",
  "tsconfig.json",
  "stacks",
  "components",
  "runtime",
];

/** What else the repository has. */
const REST = [
  ".dependency-cruiser.cjs",
  ".gitignore",
  "Pulumi.dev.yaml",
  "Pulumi.prod.yaml",
  "README.md",
  "bench",
  "biome.json",
  "docs",
  "jest.config.js",
  "local",
  "operator",
  "review",
  "setup.mjs",
  "test",
];

/** A copy of the program that a test may change, as a developer would: by editing a line. */
export class CopiedProgram implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static make(): Promise<CopiedProgram> {
    return CopiedProgram.#of(PROGRAM);
  }

  /** A copy of the whole repository: its commands and tests are its own, and what set-up made is shared. */
  static async makeWhole(): Promise<CopiedProgram> {
    const copy = await CopiedProgram.#of([...PROGRAM, ...REST]);
    await mkdir(join(copy.folder, ".local"));
    await symlink(BIN_DIR, join(copy.folder, ".local", "bin"));
    return copy;
  }

  static async #of(names: readonly string[]): Promise<CopiedProgram> {
    const folder = await mkdtemp(join(tmpdir(), "program-"));
    for (const name of names) await cp(join(REPOSITORY, name), join(folder, name), { recursive: true });
    await symlink(join(REPOSITORY, "node_modules"), join(folder, "node_modules"));
    return new CopiedProgram(folder);
  }

  /** @throws when the text to replace is not there once. */
  async edit(path: string, from: string, to: string): Promise<void> {
    const file = join(this.folder, path);
    const text = await readFile(file, "utf8");
    if (text.split(from).length !== 2) throw new Error(`${path} does not hold ${JSON.stringify(from)} once.`);
    await writeFile(
      file,
      text.replace(from, () => to),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
