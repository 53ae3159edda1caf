import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import type { Ended } from "./support/command-line.ts";
import { CopiedProgram } from "./support/copied-program.ts";
import { Guide } from "./support/guide.ts";
import { LocalPlatform } from "./support/local-platform.ts";

// A guide has several commands, and a slow machine is no failure.
jest.setTimeout(300_000);

/** The repository as a reader of docs/contributing.md has it: each guide goes on from the one before. */
let copy: CopiedProgram;
let platform: LocalPlatform;

beforeAll(async () => {
  copy = await CopiedProgram.makeWhole();
  // Where the copy's commands look for it, and on ports of its own.
  platform = await LocalPlatform.start(join(copy.folder, ".local"));
});

afterAll(async () => {
  await platform.stop();
  await copy[Symbol.asyncDispose]();
});

test("a workload that was added as the guide says is previewed with its account, code and service", async () => {
  const said = await follow("Add a workload");

  const { out } = said["npm run preview"] ?? {};
  for (const [type, name] of [
    ["serviceaccount:Account", "certs-greeter"],
    ["storage:BucketObject", "certs-greeter-code"],
    ["cloudrunv2:Service", "certs-greeter"],
    ["cloudrunv2:ServiceIamMember", "certs-greeter-invoker-operator"],
  ]) {
    expect(out).toMatch(new RegExp(`\\+ .*gcp:${type} +${name} +create`));
  }
  expect(await textOf("test/golden/prod.json")).toContain("certs-greeter-code");
});

test("a kind of resource that was added as the guide says is taken, made and removed", async () => {
  const said = await follow("Add a resource kind");

  const [tests] = Object.values(said).slice(-1);
  expect(tests?.err).toMatch(/PASS .*cloud-tasks\/kinds\.test\.ts/);
});

test("an alert that was added as the guide says is watched", async () => {
  const said = await follow("Add an alert");

  expect(said["npm run alerts -- list"]?.out).toMatch(
    /certs-hosting: answers are errors +WARNING +\S+ .*threshold 1\n/,
  );
});

test("a command that was added as the guide says tells what it is for, and answers", async () => {
  const said = await follow("Add a command");

  expect(said["npm run certificates -- days --help"]?.out).toContain("How many days a domain's certificate");
  expect(said["npm run certificates -- days hello.example.test"]?.out).toMatch(
    /^hello\.example\.test: \d+ days left\.$/m,
  );
});

/** Does all that a guide says. Every line for a shell is to end well. */
async function follow(title: string): Promise<Readonly<Record<string, Ended>>> {
  const said = await (await Guide.read(title)).follow(copy);
  const failed = Object.entries(said).filter(([, { code }]) => code !== 0);
  expect(failed).toEqual([]);
  return said;
}

function textOf(path: string): Promise<string> {
  return readFile(join(copy.folder, path), "utf8");
}
