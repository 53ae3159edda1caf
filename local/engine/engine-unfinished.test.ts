import { beforeEach, expect, jest, test } from "@jest/globals";
import { EngineHarness } from "./fixtures/engine-harness.ts";
import { StackState } from "./stack-state.ts";

/** A program starts in a second or two, and in many on a busy machine. */
jest.setTimeout(120_000);

let engine: EngineHarness;

beforeEach(async () => {
  engine = await EngineHarness.start();
});

test("what a failed update had replaced, and the program wants again, is kept, and what had replaced it goes", async () => {
  await using run = engine;
  await run.run("up", "named", { name: "one" });
  await run.run("up", "named", { name: "two", fail: "no luck" });
  expect(run.provider.changes).toEqual(["create it"]);
  const back = await run.run("up", "named", { name: "one" });
  expect([back.ok, run.errors]).toEqual([true, []]);
  expect(run.provider.changes.toSorted()).toEqual(["create it", "delete it", "update beside"]);
  expect([...run.provider.things.keys()]).toContain("things/one");
  expect([...run.provider.things.keys()]).not.toContain("things/two");
  expect(StackState.read(run.stateDir, "test").superseded).toEqual([]);
  await run.run("up", "named", { name: "one" });
  expect(run.provider.changes).toEqual([]);
});

test("steps whose answer was lost are repeated with their own timeouts, and none once interrupted", async () => {
  await using run = engine;
  const { provider } = run;
  const lost = async (args: Record<string, string>): Promise<void> => {
    provider.around = async () => run.restartProvider();
    expect(await run.run("up", "hasty", args)).toMatchObject({ ok: false });
    provider.around = async () => undefined;
    provider.timeouts.length = 0;
  };
  await lost({});
  const interrupted = await run.run("up", "hasty", {}, { signal: AbortSignal.abort() });
  expect([interrupted.exitCode, provider.changes]).toEqual([130, []]);
  expect(JSON.parse(run.stateText)).toMatchObject({ pending: [{ op: "create" }] });
  expect(await run.run("up", "hasty")).toMatchObject({ ok: true });
  expect([provider.changes, provider.timeouts]).toEqual([["create it"], [1]]);
  await lost({ value: "new" });
  expect(await run.run("up", "hasty", { value: "new" })).toMatchObject({ ok: true });
  expect([provider.changes, provider.timeouts]).toEqual([["update it"], [2]]);
});

test("what must go first takes with it what a failed update had replaced and not yet deleted", async () => {
  await using run = engine;
  await run.run("up", "rooted", { place: "here", user: "one" });
  await run.run("up", "rooted", { place: "here", user: "two", fail: "no luck" });
  expect(run.provider.changes).toEqual(["create user"]);
  const preview = await run.run("preview", "rooted", { place: "there", user: "two" });
  const early = preview.steps.filter(({ op }) => op === "delete-replaced");
  const names = early.map(({ oldState }) => String(oldState?.inputs?.name));
  expect([names.slice(0, 2).toSorted(), names.slice(2)]).toEqual([
    ["one", "two"],
    [expect.stringMatching(/^root-/)],
  ]);
  const moved = await run.run("up", "rooted", { place: "there", user: "two" });
  expect([moved.ok, run.errors]).toEqual([true, []]);
  expect(run.provider.changes.filter((change) => !change.includes("beside"))).toEqual([
    "delete user",
    "delete user",
    "delete root",
    "create root",
    "create user",
  ]);
  expect(StackState.read(run.stateDir, "test").superseded).toEqual([]);
});

test("what was deleted to be replaced, and is not wanted any more, is gone, though it was protected once", async () => {
  await using run = engine;
  await run.run("up", "guarded", { place: "safe" });
  await run.run("up", "guarded", { place: "there", fail: "no luck" });
  expect([run.provider.changes, run.errors]).toEqual([
    ["delete it"],
    ['Resource "it" (fake:index:Thing): no luck'],
  ]);
  const without = await run.run("up", "guarded");
  expect([without.ok, run.errors, run.provider.changes]).toEqual([true, [], []]);
  expect(StackState.read(run.stateDir, "test").resources.filter(({ custom }) => custom)).toEqual([]);
});
