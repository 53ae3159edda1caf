import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REPOSITORY } from "../../local/command-line/place.ts";

const COPIED = [
  "Pulumi.yaml",
  "Pulumi.local.yaml",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "stacks",
  "components",
  "runtime",
];

/** A copy of the program that a test may change, as a developer would: by editing a line. */
export class CopiedProgram implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<CopiedProgram> {
    const folder = await mkdtemp(join(tmpdir(), "program-"));
    for (const name of COPIED) await cp(join(REPOSITORY, name), join(folder, name), { recursive: true });
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
