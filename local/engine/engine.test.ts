import { beforeEach, describe, expect, jest, test } from "@jest/globals";
import { EngineHarness, TOKEN } from "./fixtures/engine-harness.ts";
import { readStack } from "./read-stack.ts";
import { UNKNOWN } from "./values.ts";

/** A program starts in a second or two, and in many on a busy machine. */
jest.setTimeout(120_000);

let engine: EngineHarness;

beforeEach(async () => {
  engine = await EngineHarness.start();
});

describe("an update", () => {
  test("makes resources after what they need and deletes them before it", async () => {
    await using run = engine;
    const created = await run.run("up", "pair", { value: "v" });
    expect(created).toMatchObject({
      ok: true,
      exitCode: 0,
      changeSummary: { create: 3, update: 0, delete: 0, same: 0 },
      recorded: ["fake:index:Thing"],
    });
    expect(run.provider.changes).toEqual(["create pair-first", "create pair-second", "create after"]);
    expect(run.provider.configuration).toEqual({
      "fake:config:region": "moon-1",
      "fake:config:token": TOKEN,
    });
    expect(created.outputs).toEqual({
      result: { second: expect.stringMatching(/^pair-second-[0-9a-f]{6}$/) },
    });

    const destroyed = await run.run("destroy", "pair");
    expect(destroyed.changeSummary).toEqual({ create: 0, update: 0, delete: 3, same: 0 });
    expect(run.provider.changes).toEqual(["delete after", "delete pair-second", "delete pair-first"]);
    expect(readStack(run.stateDir, "test")).toEqual({ outputs: {}, resources: [] });
  });

  test("changes only what changed, a bounded number at once, and a preview of it changes nothing", async () => {
    await using run = engine;
    run.provider.around = async () => new Promise(setImmediate);
    await run.run("up", "many", { count: "20", value: "old" }, { parallel: 4 });
    expect(run.provider.mostAtOnce).toBeGreaterThan(1);
    expect(run.provider.mostAtOnce).toBeLessThanOrEqual(4);

    const before = run.stateText;
    const preview = await run.run("preview", "many", { count: "19", value: "new" });
    expect(preview.changeSummary).toEqual({ create: 0, update: 1, delete: 1, same: 18 });
    expect(run.provider.changes).toEqual([]);
    expect(run.stateText).toBe(before);

    const updated = await run.run("up", "many", { count: "19", value: "new" });
    expect(updated.changeSummary).toEqual({ create: 0, update: 1, delete: 1, same: 18 });
    expect(run.provider.changes).toEqual(["update thing-0", "delete thing-19"]);
    expect(updated.steps.find(({ op }) => op === "update")).toMatchObject({
      name: "thing-0",
      diff: [{ path: "value", kind: "update", old: "old", new: "new" }],
      detailedDiff: { value: { kind: "update", inputDiff: true } },
    });
  });

  test("takes a function's answer for unknown in a preview while part of it is", async () => {
    await using run = engine;
    const seen = async (kind: "preview" | "up") => {
      const { steps } = await run.run(kind, "invokes");
      return steps.find(({ name }) => name === "seen")?.newState?.inputs?.value;
    };
    expect(await seen("preview")).toBe(UNKNOWN);
    expect(await seen("up")).toBe("from the start");
  });

  test("previews what it cannot know yet as unknown", async () => {
    await using run = engine;
    await run.run("up", "pair", { value: "old" });
    const preview = await run.run("preview", "pair", { value: "new" });
    // What follows from a change is known to the provider here, so only a new resource leaves its dependents guessing.
    expect(preview.changeSummary).toEqual({ create: 0, update: 2, delete: 0, same: 1 });
    const created = await run.run("preview", "place", { place: "here" });
    expect(created.steps.find(({ name }) => name === "second")?.newState?.inputs?.value).toBe(UNKNOWN);
  });

  test("replaces beside the old one, which goes last, unless it must go first", async () => {
    await using run = engine;
    await run.run("up", "place", { place: "here" });
    const replaced = await run.run("up", "place", { place: "there" });
    expect(replaced).toMatchObject({ ok: true, changeSummary: { create: 1, update: 1, delete: 1, same: 0 } });
    expect(replaced.steps.find(({ op }) => op === "replace")?.detailedDiff).toMatchObject({
      place: { kind: "update-replace", inputDiff: true },
    });
    expect(run.provider.changes).toEqual(["create first", "update second", "delete first"]);
    expect([...run.provider.things.keys()].filter((id) => id.includes("@"))).toEqual([
      expect.stringMatching(/^things\/first-.*@there$/),
    ]);

    const crowded = await run.run("up", "place", { place: "crowded" });
    expect(crowded).toMatchObject({ ok: true, changeSummary: { create: 1, update: 1, delete: 1, same: 0 } });
    expect(run.provider.changes).toEqual(["delete first", "create first", "update second"]);
  });
});

describe("secrets", () => {
  test("stay secret in state, messages and results, whoever made them so, and are there for who asks", async () => {
    await using run = engine;
    const result = await run.run("up", "secrets");
    expect(result.outputs).toEqual({
      result: { value: "[secret]", password: "[secret]", marked: "[secret]", open: "open" },
    });
    const thing = result.steps.find(({ name }) => name === "thing");
    expect(thing?.newState?.outputs).toMatchObject({
      value: "[secret]",
      settings: { inner: "[secret]", open: "open" },
      values: "[secret]",
      password: "[secret]",
    });
    expect(run.infos).toEqual(["a message"]);
    expect(run.lines).toEqual(["a line"]);
    expect(JSON.stringify([result, run.events])).not.toContain(TOKEN);
    expect(run.stateText).not.toContain(TOKEN);
    expect(run.stateText).not.toContain("password of");
    expect(readStack(run.stateDir, "test")?.outputs).toEqual(result.outputs);
    expect(readStack(run.stateDir, "test", { showSecrets: true })?.outputs).toMatchObject({
      result: {
        value: TOKEN,
        password: expect.stringMatching(/^password of thing-/),
        marked: "echo of nothing",
      },
    });

    const again = await run.run("up", "secrets");
    expect(again.changeSummary).toEqual({ create: 0, update: 0, delete: 0, same: 2 });
    expect(run.stateText).not.toContain(TOKEN);
  });
});
