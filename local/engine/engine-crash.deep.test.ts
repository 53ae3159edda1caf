import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, jest, test } from "@jest/globals";
import { EngineHarness } from "./fixtures/engine-harness.ts";
import { killedUpdate, type Moment } from "./fixtures/killed-update.ts";
import { StackState } from "./stack-state.ts";

jest.setTimeout(900_000);

const OLD = { stage: "old" };
const NEW = { stage: "new" };
/** How many rounds of the random kills, and how long at most an engine goes on after the change by which it is to die. */
const ROUNDS = 12;
const LONGEST_REST_MS = 100;

test("killed at any step of a change, after every write and every effect, the next up converges; nothing is made twice, or left", async () => {
  await using engine = await EngineHarness.start();
  const { provider } = engine;
  await engine.run("up", "everything", OLD);
  const stateFile = join(engine.stateDir, "stacks", "test.json");
  const state = readFileSync(stateFile);
  const things = [...provider.things];
  const options = { ...engine.options("up", "everything", NEW), parallel: 1 };

  /** Whether the engine lived long enough to be killed then. */
  const survives = async (moment: Moment, told: string): Promise<boolean> => {
    writeFileSync(stateFile, state);
    provider.things.clear();
    for (const [id, thing] of things) provider.things.set(id, thing);
    provider.creations.length = 0;
    const killed = await killedUpdate(engine, options, moment);
    if (killed) {
      const converged = await engine.run("up", "everything", NEW);
      expect([told, converged.ok, engine.errors]).toEqual([told, true, []]);
    }
    expect([told, provider.names]).toEqual([told, ["a", "b", "child", "r", "renamed"]]);
    expect([told, provider.creations.toSorted()]).toEqual([told, ["a", "child", "r"]]);
    const { resources, superseded, pending } = StackState.read(engine.stateDir, "test");
    const unfinished = resources.filter(
      (resource) => resource.pendingReplacement || resource.deleting || resource.unsettled,
    );
    expect([told, superseded, pending, unfinished]).toEqual([told, [], [], []]);
    return killed;
  };

  let writes = 0;
  while (await survives({ afterWrite: writes + 1 }, `after write ${writes + 1}`)) writes += 1;
  let effects = 0;
  for (let last = 0; last === effects; ) {
    last += 1;
    let seen = 0;
    const at: Moment = {
      at: ({ effective }) => {
        if (effective) seen += 1;
        return effective && seen === last;
      },
    };
    if (await survives(at, `after effect ${last}`)) effects += 1;
  }
  // Nine steps, each with its effect, and each written before and after.
  expect(effects).toBe(9);
  expect(writes).toBeGreaterThanOrEqual(2 * effects);
});

test("killed at random while many steps run at once, again and again, it converges; nothing is made twice, or left", async () => {
  await using engine = await EngineHarness.start();
  const { provider } = engine;
  const random = randomNumbers(20_261_127);
  for (let round = 0; round < ROUNDS; round += 1) {
    const count = 20 + (round % 3) * 20;
    const value = `round ${round}`;
    const options = engine.options("up", "many", { count: String(count), value, others: value });
    // Each of them is made or changed in each round.
    const last = Math.ceil(random() * count);
    let effects = 0;
    const at: Moment = {
      at: ({ effective }) => {
        if (effective) effects += 1;
        return effective && effects === last;
      },
      afterMs: random() * LONGEST_REST_MS,
    };
    expect([round, await killedUpdate(engine, options, at)]).toEqual([round, true]);
  }
  const result = await engine.run("up", "many", { count: "50", value: "end" });
  expect([result.ok, engine.errors]).toEqual([true, []]);
  expect(provider.names).toEqual(Array.from({ length: 50 }, (_, index) => `thing-${index}`).sort());
  const ids = StackState.read(engine.stateDir, "test").resources.map(({ id }) => id);
  expect([...provider.things.keys()].filter((id) => !ids.includes(id))).toEqual([]);
});

test("a provider that does not answer within the program's timeout fails the step, and the next up asks it again", async () => {
  await using engine = await EngineHarness.start();
  const { provider } = engine;
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  provider.around = async ({ name, effective }) => {
    if (name === "it" && !effective) await released;
  };
  expect(await engine.run("up", "hasty")).toMatchObject({ ok: false });
  expect(engine.errors).toEqual([
    'Resource "it" (fake:index:Thing): the provider did not answer within 16 s',
  ]);
  provider.around = async () => undefined;
  release();
  expect(await engine.run("up", "hasty")).toMatchObject({ ok: true });
  expect(provider.creations).toEqual(["it"]);
});

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
