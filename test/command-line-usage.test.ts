import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { claimStateFolder } from "../local/command-line/state-folder.ts";
import { REPOSITORY } from "../local/kernel/place.ts";
import { finish, runCommand } from "./support/command-line.ts";

/** A state folder that nobody made. */
const NONE = join(tmpdir(), "no-local-cloud");

test.each([
  [["up", "--port-base", "eighty"], 2, "It must be a whole number."],
  [["up", "--port-base", "80"], 2, "It must be from 1024 to 65035."],
  [["logs", "--lines", "0"], 2, "It must be 1 or more."],
  [["frobnicate"], 2, "unknown command"],
  [["preview", "nowhere"], 1, 'A stack must be one of dev, local, prod; got "nowhere"'],
  [["preview", "prod", "--from", "package.json"], 4, "package.json: The exported state must be of version 3"],
  [["review"], 2, "Either a base to compare with must be given, or --preview with files."],
  [["review", "HEAD", "--stack", "nowhere"], 1, 'A stack must be one of dev, local, prod; got "nowhere".'],
  [["review", "--preview", "package.json"], 1, "package.json: A preview must have steps"],
  [["logs", "--severity", "LOUD"], 2, "--severity must be one of DEFAULT"],
])("%j exits with %d and says why", async (args, code, sentence) => {
  const ended = await runCommand([...args, ...(args[0] === "frobnicate" ? [] : ["--state-dir", NONE])]);

  expect(ended).toMatchObject({ code, err: expect.stringContaining(sentence) });
});

test("flags that npm took for itself are told by npm run, with the line that was meant", async () => {
  const npm = spawn("npm", ["run", "--silent", "status", "--state-dir", NONE], { cwd: REPOSITORY });
  const { code, err } = await finish(npm);

  expect(err).toContain(
    `npm took --state-dir for itself, for want of a -- before: npm run status -- --state-dir ${NONE}\n`,
  );
  expect(code).toBe(2);
});

test.each([
  ["up", REPOSITORY, "must not be that of a program, and it holds a Pulumi.yaml"],
  ["up", "README.md", "must be a folder; "],
  ["preview", ".", "must not be that of a program, and it holds a Pulumi.yaml"],
  ["down --purge", ".", "must not be that of a program, and it holds a Pulumi.yaml"],
])("%s takes %s for no state folder, and leaves it as it is", async (command, folder, sentence) => {
  const before = await readdir(REPOSITORY);
  const { code, out, err } = await runCommand([...command.split(" "), "--state-dir", folder]);
  expect({ code, out, err }).toEqual({ code: 4, out: "", err: expect.stringContaining(sentence) });
  expect(err.trim().split("\n")).toHaveLength(1);
  expect(await readdir(REPOSITORY)).toEqual(before);
});

test("Pulumi's CLI has no stack to work on before there is one", async () => {
  const ended = await runCommand(["pulumi", "--state-dir", NONE, "stack", "export"]);
  expect(ended).toMatchObject({ code: 1, err: "There is no local stack yet: npm run up makes it.\n" });
});

test("a preview of any stack leaves a folder that an up takes for its state", async () => {
  const folder = await mkdtemp(join(tmpdir(), "previewed-"));
  const args = ["preview", "prod", "--config", "platform:region=Mars", "--state-dir", folder];
  expect(await runCommand(args)).toMatchObject({ code: 1, out: expect.stringContaining("Mars") });
  expect(await readdir(folder)).toEqual([".local-cloud", "key", "pulumi"]);
  expect(() => claimStateFolder(folder)).not.toThrow();
  await rm(folder, { recursive: true });
});

test("check names an option that it does not have", async () => {
  const check = spawn(process.execPath, [join(REPOSITORY, "local/command-line/check.ts"), "--frob"], {
    env: { ...process.env, NODE_OPTIONS: "--disable-warning=ExperimentalWarning" },
  });
  const { code, err } = await finish(check);
  expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(/^[^\n]*--frob[^\n]*\n[^\n]*\n$/) });
});

test("check knows that npm took its flag", async () => {
  const check = spawn(process.execPath, [join(REPOSITORY, "local/command-line/check.ts")], {
    env: { ...process.env, npm_lifecycle_event: "check", npm_config_write: "true" },
  });
  const { code, out, err } = await finish(check);
  expect({ code, out, err }).toEqual({
    code: 2,
    out: "",
    err: "npm took --write for itself, for want of a -- before: npm run check -- --write\n",
  });
});

test("a process that a test starts tells nothing of what Node calls experimental", () => {
  const { stderr } = spawnSync(process.execPath, ["-e", 'require("node:sqlite")'], { encoding: "utf8" });
  expect(stderr).toBe("");
});

test("set-up says what to install where there is no Go, before it installs anything", async () => {
  const folder = await mkdtemp(join(tmpdir(), "no-go-"));
  for (const file of ["setup.mjs", "package.json", "package-lock.json"]) {
    await copyFile(join(REPOSITORY, file), join(folder, file));
  }
  await symlink(process.execPath, join(folder, "node"));
  const { code, err } = await finish(
    spawn(join(folder, "node"), [join(folder, "setup.mjs"), "up"], { env: { PATH: folder } }),
  );
  await rm(folder, { recursive: true });

  expect(err).toMatch(/^Go is needed to build Pebble, .* Install Go 1\.24\.0 or newer/);
  expect(code).toBe(69);
});

test("set-up installs anew where the Node that it pins is missing, and no lock that names no process holds it up", async () => {
  const folder = await mkdtemp(join(tmpdir(), "set-up-"));
  for (const file of ["setup.mjs", "package.json", "package-lock.json"]) {
    await copyFile(join(REPOSITORY, file), join(folder, file));
  }
  const hash = createHash("sha256").update(await readFile(join(folder, "package-lock.json")));
  await write(folder, "node_modules/.lockfile-sha256", hash.digest("hex"));
  await write(folder, ".local/setup.lock", "0");
  await write(folder, "components/bundling/main.ts", 'console.log("listed");');
  const npm = `#!/bin/sh\necho "$@" >> npm.log; mkdir -p node_modules/.bin; ln -sf '${process.execPath}' node_modules/.bin/node\n`;
  await write(folder, "bin/npm", npm);
  const { code, out, err } = await finish(
    spawn(process.execPath, [join(folder, "setup.mjs"), "bundles"], {
      env: { PATH: `${join(folder, "bin")}:/usr/bin:/bin` },
    }),
  );
  const npmCalls = await readFile(join(folder, "npm.log"), "utf8");
  await rm(folder, { recursive: true });

  // No package's script runs but those that `allowScripts` lists.
  expect(npmCalls).toBe("install --no-save\nrebuild --ignore-scripts=false node esbuild @swc/core\n");
  expect(err).toContain("Installing dependencies (once): done");
  expect({ code, out }).toEqual({ code: 0, out: "listed\n" });
});

async function write(folder: string, path: string, text: string): Promise<void> {
  await mkdir(join(folder, path, ".."), { recursive: true });
  await writeFile(join(folder, path), text, { mode: 0o755 });
}
