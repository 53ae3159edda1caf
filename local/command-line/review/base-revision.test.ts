import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Failure } from "../../../operator/terminal/failure.ts";
import { checkOutBase } from "./base-revision.ts";

let root: string;
let program: string;
let stateDir: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "revisions-"));
  program = join(root, "repository");
  stateDir = join(root, "state");
  git("init", "--quiet", program);
  mkdirSync(join(program, "node_modules"));
  write(".gitignore", "node_modules\n");
  write("Pulumi.yaml", "name: platform\n");
  write("stacks/index.ts", "one\n");
  commit();
});

afterEach(() => rmSync(root, { recursive: true }));

test("a revision is checked out beside the work tree, with the packages that are installed, and nothing else changes", async () => {
  write("stacks/index.ts", "two\n");
  commit();
  write("stacks/index.ts", "three\n");
  const before = [git("-C", program, "status", "--porcelain"), git("-C", program, "worktree", "list")];

  const base = await checkOutBase(stateDir, "HEAD~1", program);

  expect(readFileSync(join(base.folder, "stacks/index.ts"), "utf8")).toBe("one\n");
  expect(readdirSync(base.folder).sort()).toEqual([".gitignore", "Pulumi.yaml", "node_modules", "stacks"]);
  expect(existsSync(join(base.folder, "node_modules"))).toBe(true);
  expect(base).toMatchObject({ name: "HEAD~1", commit: expect.stringMatching(/^[0-9a-f]{40}$/) });
  expect([git("-C", program, "status", "--porcelain"), git("-C", program, "worktree", "list")]).toEqual(
    before,
  );
});

test("a program in a folder of a repository is checked out alone", async () => {
  write("inner/Pulumi.yaml", "name: inner\n");
  write("inner/index.ts", "inner\n");
  mkdirSync(join(program, "inner/node_modules"));
  commit();
  const { folder } = await checkOutBase(stateDir, "HEAD", join(program, "inner"));
  expect(readdirSync(folder).sort()).toEqual(["Pulumi.yaml", "index.ts", "node_modules"]);
});

test("says where a revision asks for other packages", async () => {
  write("package-lock.json", "{}");
  commit();
  await expect(checkOutBase(stateDir, "HEAD", program)).resolves.toMatchObject({ hasOtherPackages: false });
  await expect(checkOutBase(stateDir, "HEAD~1", program)).resolves.toMatchObject({ hasOtherPackages: true });
});

test("keeps the four that were used last", async () => {
  for (const text of ["two", "three", "four", "five", "six"]) {
    write("stacks/index.ts", text);
    commit();
    await checkOutBase(stateDir, "HEAD", program);
  }
  expect(readdirSync(join(stateDir, "revisions"))).toHaveLength(4);
  await expect(checkOutBase(stateDir, "HEAD", program)).resolves.toMatchObject({ name: "HEAD" });
});

test.each([
  [
    "no-such-branch",
    'A base must be a revision of this repository, such as main or HEAD~1; got "no-such-branch".',
  ],
  ["--output=x", 'got "--output=x"'],
])("%s is no revision", async (name, sentence) => {
  const failure = checkOutBase(stateDir, name, program);
  await expect(failure).rejects.toThrow(Failure);
  await expect(failure).rejects.toThrow(sentence);
});

test("without a repository, or a program in it, there is nothing to compare with", async () => {
  const elsewhere = join(root, "elsewhere");
  mkdirSync(elsewhere);
  await expect(checkOutBase(stateDir, "HEAD", elsewhere)).rejects.toThrow("must be in a git repository");
  rmSync(join(program, "Pulumi.yaml"));
  commit();
  await expect(checkOutBase(stateDir, "HEAD", program)).rejects.toThrow(
    'Revision "HEAD" must hold a program; it has no Pulumi.yaml.',
  );
});

function write(path: string, text: string): void {
  const file = join(program, path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, text);
}

function commit(): void {
  git("-C", program, "add", "--all");
  const author = ["-c", "user.name=Test", "-c", "user.email=test@example.test", "-c", "commit.gpgsign=false"];
  git("-C", program, ...author, "commit", "--quiet", "--message", "Change it");
}

function git(...args: readonly string[]): string {
  return execFileSync("git", args, { encoding: "utf8" });
}
