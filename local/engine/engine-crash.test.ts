import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, jest, test } from "@jest/globals";
import { EngineHarness } from "./fixtures/engine-harness.ts";
import type { Change } from "./fixtures/fake-provider.ts";

/** A program starts in a second or two, and in many on a busy machine. */
jest.setTimeout(120_000);

/** Runs an update in a process that is killed with SIGKILL at the point, before the provider answers. */
async function killedAt(
  engine: EngineHarness,
  scenario: string,
  args: Record<string, string>,
  point: Change,
  occurrence = 1,
): Promise<void> {
  let child: ChildProcess | undefined;
  let seen = 0;
  engine.provider.around = async (change) => {
    if (change.op !== point.op || change.name !== point.name || change.effective !== point.effective) return;
    seen += 1;
    if (seen !== occurrence) return;
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
