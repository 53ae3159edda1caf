import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Failure } from "../../../operator/terminal/failure.ts";
import { keptFolder } from "../../pulumi/kept-folders.ts";

const EXIT_MISSING_TOOL = 69;
/** Enough for whoever compares with a branch, its parents and what is deployed. */
const MAX_FOLDERS = 4;
const GIT_DEADLINE_MS = 120_000;
const LOCKFILE = "package-lock.json";

const run = promisify(execFile);

/** A program as it was at some time, in a folder that is nobody's to edit. */
export interface BaseRevision {
  /** As it was asked for: `main`, `HEAD~1`, … */
  readonly name: string;
  /** Its whole hash. */
  readonly commit: string;
  /** The folder of its Pulumi.yaml. */
  readonly folder: string;
  /** Whether it asks for other packages than those that are installed, with which it runs nevertheless. */
  readonly hasOtherPackages: boolean;
}

/**
 * Checks a revision of a program out into the state folder, once. It runs with the packages that are installed for the
 * program as it is now. Neither the work tree nor anything of git's own is touched.
 *
 * @param program the folder of Pulumi.yaml
 * @throws {Failure} naming the revision when there is none, or none that holds the program.
 */
export async function checkOutBase(stateDir: string, name: string, program: string): Promise<BaseRevision> {
  const commit = await commitOf(name, program);
  const folder = await keptFolder(join(stateDir, "revisions"), commit, MAX_FOLDERS, async (draft) => {
    await extract(commit, program, draft);
    if (!existsSync(join(draft, "Pulumi.yaml"))) {
      throw new Failure(`Revision "${name}" must hold a program; it has no Pulumi.yaml.`);
    }
    // What somebody committed of packages is not what is installed.
    rmSync(join(draft, "node_modules"), { recursive: true, force: true });
    symlinkSync(realpathSync(join(program, "node_modules")), join(draft, "node_modules"));
  });
  const packages = [program, folder].map((each) => textOf(join(each, LOCKFILE)));
  return { name, commit, folder, hasOtherPackages: packages[0] !== packages[1] };
}

/** @throws {Failure} when there is no such revision. */
export async function commitOf(name: string, program: string): Promise<string> {
  try {
    return await git(program, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`]);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    const known = await git(program, ["rev-parse", "--git-dir"]).then(
      () => true,
      () => false,
    );
    const rule = known
      ? `A base must be a revision of this repository, such as main or HEAD~1; got "${name}". Of a shallow clone, fetch it first.`
      : `${program} must be in a git repository for a comparison with "${name}".`;
    throw new Failure(rule, 1, { cause });
  }
}

/** Through an index of its own: a work tree would be one more for `git worktree list`. */
async function extract(commit: string, program: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const index = `${folder}.index`;
  const env = { GIT_INDEX_FILE: index };
  try {
    const prefix = await git(program, ["rev-parse", "--show-prefix"]);
    await git(program, ["read-tree", `${commit}:${prefix}`], env);
    // From a folder below the top, git would take what this index has below that folder only.
    const top = await git(program, ["rev-parse", "--show-toplevel"]);
    await git(top, ["checkout-index", "--all", "--force", `--prefix=${folder}/`], env);
  } finally {
    rmSync(index, { force: true });
  }
}

async function git(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  try {
    const options = { cwd, env: { ...process.env, ...env }, timeout: GIT_DEADLINE_MS };
    return (await run("git", args, options)).stdout.trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Failure("git is needed to compare with another revision.", EXIT_MISSING_TOOL, { cause: error });
  }
}

function textOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
