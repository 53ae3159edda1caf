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
