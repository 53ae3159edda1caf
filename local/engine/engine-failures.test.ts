import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, jest, test } from "@jest/globals";
import { EngineHarness } from "./fixtures/engine-harness.ts";
import { readStack } from "./read-stack.ts";
import { StackLock } from "./stack-lock.ts";

/** A program starts in a second or two, and in many on a busy machine. */
jest.setTimeout(120_000);

let engine: EngineHarness;

beforeEach(async () => {
  engine = await EngineHarness.start();
});

test("a provider's failure is told once, by name; what is independent proceeds, what needs it waits, nothing is deleted", async () => {
  await using run = engine;
  const fresh = await run.run("up", "failing", { fail: "no luck", stay: "stay" });
  expect(fresh).toMatchObject({ exitCode: 1, changeSummary: { create: 2, update: 0, delete: 0, same: 0 } });
  expect(run.errors).toEqual(['Resource "bad" (fake:index:Thing): no luck']);
  expect(run.provider.names).toEqual(["independent", "stay"]);
  expect(JSON.parse(run.stateText)).toMatchObject({ pending: [] });

  await run.run("up", "failing", { stay: "stay" });
  expect(run.provider.changes).toEqual(["create bad", "create dependent"]);

  const failed = await run.run("up", "failing", { fail: "no luck" });
  expect(failed).toMatchObject({ ok: false, exitCode: 1, outputs: {} });
  expect(run.provider.changes).toEqual([]);
  expect(failed.steps.map(({ op, name, error }) => [op, name, error])).toContainEqual([
    "update",
    "bad",
    "no luck",
  ]);
  expect(readStack(run.stateDir, "test")?.outputs).toEqual({ result: { echo: "echo of nothing" } });

  // It may have been half done: the provider is asked again, though the inputs are the old ones.
  const recovered = await run.run("up", "failing");
  expect(recovered.changeSummary).toEqual({ create: 0, update: 1, delete: 1, same: 2 });
  expect(run.provider.changes).toEqual(["update bad", "delete stay"]);

  run.provider.around = async ({ op, name }) => {
    if (op === "delete" && name === "dependent") throw new Error("it is not empty");
  };
  const destroyed = await run.run("destroy", "failing");
  expect(destroyed).toMatchObject({ ok: false, exitCode: 1, changeSummary: { delete: 1 } });
  expect(run.errors).toEqual(['Resource "dependent" (fake:index:Thing): it is not empty']);
  expect(run.provider.names).toEqual(["bad", "dependent"]);
});

test("a program that throws, or leaves, deletes nothing and is told of once", async () => {
  await using run = engine;
  expect(await run.run("up", "throws")).toMatchObject({ ok: false, exitCode: 1 });
  expect(run.errors).toEqual(["the fixture gives up"]);
  expect(run.provider.names).toEqual(["early"]);

  expect(await run.run("up", "leaves")).toMatchObject({ ok: false, exitCode: 1 });
  expect(run.errors).toEqual(["The program left before its end (process.exit?); nothing was deleted."]);
  expect(readStack(run.stateDir, "test")?.resources.map(({ type }) => type)).toEqual(["fake:index:Thing"]);

  // It has the option retainOnDelete: off the state, and left in the world.
  expect(await run.run("destroy", "throws")).toMatchObject({ ok: true, changeSummary: { delete: 1 } });
  expect(readStack(run.stateDir, "test")?.resources).toEqual([]);
  expect(run.provider.names).toEqual(["early"]);
});

test("a function's error is the program's to catch, and is told once if it does not", async () => {
  await using run = engine;
  expect(await run.run("up", "lookup", { caught: "yes" })).toMatchObject({ ok: true, exitCode: 0 });
  expect(run.errors).toEqual([]);
  expect([...run.provider.things.values()][0]?.properties).toMatchObject({ value: "not found" });
  expect(await run.run("up", "lookup")).toMatchObject({ ok: false, exitCode: 1 });
  expect(run.errors).toEqual(["The function fake:index:nothing: no function fake:index:nothing"]);
});

test("refuses what it does not do, each in one sentence", async () => {
  await using run = engine;
  expect(await run.run("up", "refused")).toMatchObject({ ok: false, exitCode: 1 });
  expect(run.errors.toSorted()).toEqual([
    'Resource "invalid" (fake:index:Thing): value: must not be "invalid"',
    `Resource "organization/other/stack" (pulumi:pulumi:StackReference): there is no stack "stack" in ${run.stateDir}; run up for it first.`,
    'Resource "remote" (fake:index:Thing): source: an asset must be a file, a folder or a text; got the remote address "https://a.test/".',
    'Resource "stranger" (strange:index:Thing): There is no provider here for the package "strange"; there is: fake.',
    'Resource "twin" (fake:index:Thing): the program registers it twice; names must be unique among resources of a type and parent.',
  ]);
  expect(run.provider.changes).toEqual(["create twin"]);
});

test("honours ignoreChanges, protect, timeouts, an alias of nothing, and assets by their bytes", async () => {
  await using run = engine;
  const [first, second] = [join(run.stateDir, "first"), join(run.stateDir, "second")];
  writeFileSync(first, "the same bytes");
  copyFileSync(first, second);
  await run.run("up", "options", { value: "one", file: first });
  expect(run.provider.timeouts).toContain(90);
  expect(run.stateText).not.toContain("text of one");

  const updated = await run.run("up", "options", { value: "two", file: second });
  expect(updated.changeSummary).toEqual({ create: 0, update: 2, delete: 0, same: 3 });
  expect(run.provider.changes.toSorted()).toEqual(["update ignoring", "update text"]);
  const ignoring = [...run.provider.things.values()].find(({ urn }) => urn.endsWith("::ignoring"));
  expect(ignoring?.properties).toMatchObject({ value: "one", settings: { a: "two" } });

  const refused = await run.run("destroy", "options");
  expect(refused).toMatchObject({ ok: false, exitCode: 1 });
  expect(run.errors).toEqual([
    'Resource "protected" (fake:index:Thing): it is protected, so it is not deleted; take the option protect off and run up first.',
  ]);
  expect(run.provider.changes).toEqual([]);
});

test("once interrupted, what runs is finished and recorded, and nothing new is begun", async () => {
  await using run = engine;
  const interrupt = new AbortController();
  run.provider.around = async ({ name, effective }) => {
    if (name === "b" && !effective) interrupt.abort();
  };
  const interrupted = await run.run(
    "up",
    "chain",
    { names: "a,b,c", value: "v" },
    { signal: interrupt.signal },
  );
  expect(interrupted).toMatchObject({ ok: false, exitCode: 130, changeSummary: { create: 2 } });
  expect(run.errors).toEqual(["Interrupted; the steps that ran are recorded."]);
  expect(run.provider.names).toEqual(["a", "b"]);
  expect(JSON.parse(run.stateText)).toMatchObject({ pending: [] });
});

test("a taken lock, a missing project and a provider that is not there are one sentence each", async () => {
  await using run = engine;
  const lock = await StackLock.acquire(join(run.stateDir, "stacks", "test.lock"));
  expect(await run.run("up", "chain")).toMatchObject({ ok: false, exitCode: 3 });
  expect(run.errors).toEqual([expect.stringContaining(`with pid ${process.pid} `)]);
  lock.release();

  const empty = join(run.stateDir, "empty");
  mkdirSync(empty);
  expect(await run.run("up", "chain", {}, { programDir: empty })).toMatchObject({ ok: false, exitCode: 1 });
  expect(run.errors).toEqual([`There is no project in ${empty}: ${empty}/Pulumi.yaml cannot be read.`]);

  run.provider.stop();
  await run.run("up", "many", { count: "3" }, { providers: { fake: 1 } });
  expect(run.errors).toEqual([
    'The provider "fake" does not answer on 127.0.0.1:1; is the local cloud running?',
  ]);
  expect(readFileSync(join(run.stateDir, "stacks", "test.json"), "utf8")).toContain('"pending":[\n\n]');
});
