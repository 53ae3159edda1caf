import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, jest, test } from "@jest/globals";
import { EngineHarness } from "./fixtures/engine-harness.ts";
import type { Change } from "./fixtures/fake-provider.ts";
import { killedUpdate } from "./fixtures/killed-update.ts";
import { nameOf } from "./records.ts";
import { StackState } from "./stack-state.ts";

/** A program starts in a second or two, and in many on a busy machine. */
jest.setTimeout(120_000);

async function killedAt(
  engine: EngineHarness,
  scenario: string,
  args: Record<string, string>,
  point: Change,
  occurrence = 1,
): Promise<void> {
  let seen = 0;
  const at = ({ op, name, effective }: Change): boolean => {
    if (op === point.op && name === point.name && effective === point.effective) seen += 1;
    return seen === occurrence;
  };
  const killed = await killedUpdate(engine, engine.options("up", scenario, args), { at });
  expect([point, killed]).toEqual([point, true]);
}

test("killed before and after each kind of step, the next up converges, and nothing is made twice", async () => {
  await using engine = await EngineHarness.start();
  const { provider } = engine;
  const two = { names: "a,b", value: "v" };
  await killedAt(engine, "chain", two, { op: "create", name: "a", effective: false });
  await killedAt(engine, "chain", two, { op: "create", name: "b", effective: true });
  const converged = await engine.run("up", "chain", two);
  expect(converged).toMatchObject({ ok: true, changeSummary: { create: 0, update: 0, delete: 0, same: 2 } });
  expect(engine.infos).toEqual(["An update was interrupted; finishing 1 step(s) of it."]);
  expect(provider.creations).toEqual(["a", "b"]);

  const one = { names: "a", value: "w" };
  await killedAt(engine, "chain", one, { op: "update", name: "a", effective: true });
  await killedAt(engine, "chain", one, { op: "delete", name: "b", effective: true });
  const shrunk = await engine.run("up", "chain", one);
  expect(shrunk).toMatchObject({ ok: true, changeSummary: { create: 0, update: 0, delete: 0, same: 1 } });
  expect(provider.names).toEqual(["a"]);
  expect([...provider.things.values()][0]?.properties).toMatchObject({ value: "w" });
});

test("what killed updates had made or replaced is found again, and deleted if the program no longer wants it", async () => {
  await using engine = await EngineHarness.start();
  const { provider } = engine;
  await killedAt(engine, "place", { place: "here" }, { op: "create", name: "first", effective: true });
  // First the interrupted creation is repeated, then comes the replacement.
  await killedAt(engine, "place", { place: "there" }, { op: "create", name: "first", effective: true }, 2);
  expect(provider.names).toEqual(["first", "first"]);
  await killedAt(engine, "place", { place: "there" }, { op: "delete", name: "first", effective: false });
  expect(provider.names).toEqual(["first", "first", "second"]);
  const converged = await engine.run("up", "chain", { names: "other" });
  expect(converged).toMatchObject({ ok: true, changeSummary: { create: 1, update: 0, delete: 2, same: 0 } });
  expect(provider.names).toEqual(["other"]);
  expect(provider.creations).toEqual(["first", "first", "second", "other"]);
});

test("killed on the way back to what it had replaced, the next up keeps that, and deletes what had replaced it", async () => {
  await using engine = await EngineHarness.start();
  const { provider } = engine;
  await engine.run("up", "named", { name: "one" });
  await engine.run("up", "named", { name: "two", fail: "no luck" });
  await killedAt(engine, "named", { name: "one" }, { op: "create", name: "it", effective: true });
  expect(await engine.run("up", "named", { name: "one" })).toMatchObject({ ok: true });
  expect(provider.creations.filter((name) => name === "it")).toHaveLength(2);
  expect([...provider.things.keys()].filter((id) => !id.includes("beside"))).toEqual(["things/one"]);
});

test("killed between the deletion of what must go first and its replacement, the next up makes that, with its dependents", async () => {
  await using engine = await EngineHarness.start();
  const { provider } = engine;
  await engine.run("up", "everything", { stage: "old" });
  provider.creations.length = 0;
  await killedAt(engine, "everything", { stage: "new" }, { op: "delete", name: "r", effective: true });
  await killedAt(engine, "everything", { stage: "new" }, { op: "create", name: "r", effective: false });
  const { resources } = StackState.read(engine.stateDir, "test");
  const toMake = resources.filter(({ pendingReplacement }) => pendingReplacement);
  expect(toMake.map(({ urn }) => nameOf(urn))).toEqual(["r", "child"]);
  expect(await engine.run("up", "everything", { stage: "new" })).toMatchObject({ ok: true });
  expect(provider.names).toEqual(["a", "b", "child", "r", "renamed"]);
  expect(provider.creations.toSorted()).toEqual(["a", "child", "r"]);
});

test("a provider whose answer is lost is asked again by the next up, and takes it for the same act", async () => {
  await using engine = await EngineHarness.start();
  const { provider } = engine;
  provider.around = async ({ name, effective }) => {
    if (name === "a" && effective) await engine.restartProvider();
  };
  expect(await engine.run("up", "chain", { names: "a,b", value: "v" })).toMatchObject({ ok: false });
  expect(engine.errors).toEqual([expect.stringMatching(/^Resource "a" \(fake:index:Thing\): /)]);
  provider.around = async () => undefined;
  expect(await engine.run("up", "chain", { names: "a,b", value: "v" })).toMatchObject({ ok: true });
  expect(engine.infos).toEqual(["An update was interrupted; finishing 1 step(s) of it."]);
  expect(provider.creations).toEqual(["a", "b"]);
});

test("a program whose engine is killed ends by itself", async () => {
  await using engine = await EngineHarness.start();
  const pidFile = join(engine.stateDir, "program.pid");
  await killedAt(engine, "told", { pidFile }, { op: "create", name: "it", effective: false });
  const pid = Number(readFileSync(pidFile, "utf8"));
  const deadline = Date.now() + 60_000;
  while (isRunning(pid) && Date.now() < deadline) await sleep(50);
  expect(isRunning(pid)).toBe(false);
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
