import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { EngineHarness } from "./fixtures/engine-harness.ts";
import type { Change } from "./fixtures/fake-provider.ts";

/** Runs an update in a process that is killed with SIGKILL at the point, before the provider answers. */
async function killedAt(
  engine: EngineHarness,
  scenario: string,
  args: Record<string, string>,
  point: Change,
): Promise<void> {
  let child: ChildProcess | undefined;
  engine.provider.around = async (change) => {
    if (change.op !== point.op || change.name !== point.name || change.effective !== point.effective) return;
    child?.kill("SIGKILL");
    if (child?.exitCode === null && child.signalCode === null) await once(child, "exit");
  };
  child = spawn(
    process.execPath,
    [
      join(import.meta.dirname, "fixtures", "run-engine.ts"),
      JSON.stringify(engine.options("up", scenario, args)),
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const [, signal] = await once(child, "exit");
  engine.provider.around = async () => undefined;
  expect([point, signal]).toEqual([point, "SIGKILL"]);
}

test("killed before and after every kind of step, the next up converges, and nothing is made twice or left behind", async () => {
  await using engine = await EngineHarness.start();
  const { provider } = engine;
  const three = { names: "a,b,c", value: "v" };
  await killedAt(engine, "chain", three, { op: "create", name: "a", effective: false });
  await killedAt(engine, "chain", three, { op: "create", name: "b", effective: true });
  await killedAt(engine, "chain", three, { op: "create", name: "c", effective: true });
  expect(provider.names).toEqual(["a", "b", "c"]);
  const converged = await engine.run("up", "chain", three);
  expect(converged).toMatchObject({ ok: true, changeSummary: { create: 0, update: 0, delete: 0, same: 3 } });
  expect(provider.creations).toEqual(["a", "b", "c"]);

  const changed = { names: "a", value: "w" };
  await killedAt(engine, "chain", changed, { op: "update", name: "a", effective: true });
  await killedAt(engine, "chain", changed, { op: "delete", name: "c", effective: true });
  await killedAt(engine, "chain", changed, { op: "delete", name: "b", effective: false });
  const shrunk = await engine.run("up", "chain", changed);
  expect(shrunk).toMatchObject({ ok: true, changeSummary: { create: 0, update: 0, delete: 0, same: 1 } });
  expect(provider.names).toEqual(["a"]);
  expect([...provider.things.values()][0]?.properties).toMatchObject({ value: "w" });
}, 60_000);

test("what a killed update had made is found again, and deleted if the program no longer wants it", async () => {
  await using engine = await EngineHarness.start();
  const { provider } = engine;
  await killedAt(engine, "chain", { names: "orphan" }, { op: "create", name: "orphan", effective: true });
  expect(provider.names).toEqual(["orphan"]);
  const replaced = await engine.run("up", "chain", { names: "other" });
  expect(replaced).toMatchObject({ ok: true, changeSummary: { create: 1, delete: 1 } });
  expect(provider.names).toEqual(["other"]);
  expect(provider.creations).toEqual(["orphan", "other"]);
  expect(engine.infos).toEqual(["An update was interrupted; finishing 1 step(s) of it."]);
}, 30_000);

test("killed while replacing, the old one is deleted once and the new one is not made again", async () => {
  await using engine = await EngineHarness.start();
  const { provider } = engine;
  await engine.run("up", "place", { place: "here" });
  await killedAt(engine, "place", { place: "there" }, { op: "create", name: "first", effective: true });
  await killedAt(engine, "place", { place: "there" }, { op: "delete", name: "first", effective: true });
  const converged = await engine.run("up", "place", { place: "there" });
  expect(converged).toMatchObject({ ok: true, changeSummary: { create: 0, update: 0, delete: 0, same: 2 } });
  expect(provider.creations).toEqual(["first", "second", "first"]);
  expect(provider.names).toEqual(["first", "second"]);
}, 30_000);
