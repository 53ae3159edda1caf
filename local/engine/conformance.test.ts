import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { UpdateKind, UpdateResult } from "./events.ts";
import { SHOWN_ELSEWHERE } from "./fixtures/conformance/elsewhere.ts";
import { REFUSALS } from "./fixtures/conformance/refusals.ts";
import { CONFORMANCE } from "./fixtures/conformance/table.ts";
import { EngineHarness } from "./fixtures/engine-harness.ts";
import { UNREMARKABLE } from "./record-building.ts";
import { StackState } from "./stack-state.ts";
import { secret } from "./values.ts";

/** A program starts in a second or two, and in many on a busy machine. */
jest.setTimeout(240_000);

const programDir = join(import.meta.dirname, "fixtures", "conformance");

interface Stage {
  readonly result: UpdateResult;
  readonly changes: readonly string[];
  readonly errors: readonly string[];
}

let engine: EngineHarness;

async function run(kind: UpdateKind, stage: string): Promise<Stage> {
  const options = engine.options(kind, "");
  const config = { ...options.config, "fixture:stage": stage };
  const result = await engine.run(kind, "", {}, { programDir, config });
  return { result, changes: [...engine.provider.changes], errors: engine.errors };
}

/** Those of a row, without its prefix. */
function of(row: string, lines: readonly string[]): readonly string[] {
  return lines.filter((line) => line.includes(` ${row}-`)).map((line) => line.replace(` ${row}-`, " "));
}

function steps({ result }: Stage, row: string): readonly string[] {
  const shown = result.steps.filter(({ op }) => op !== "same");
  return of(
    row,
    shown.map(({ op, name }) => `${op} ${name}`),
  );
}

describe("what the engine does as Pulumi's does", () => {
  let first: Stage;
  let preview: Stage;
  let next: Stage;
  let later: Stage;
  let again: Stage;
  let destroy: Stage;
  let invokedInPreview: readonly string[];

  beforeAll(async () => {
    engine = await EngineHarness.start();
    await otherStack(engine.stateDir);
    first = await run("up", "first");
    preview = await run("preview", "next");
    invokedInPreview = [...engine.provider.invocations];
    next = await run("up", "next");
    later = await run("up", "later");
    again = await run("up", "later");
    destroy = await run("destroy", "");
  });

  afterAll(() => engine[Symbol.asyncDispose]());

  test("all stages come to their end without an error, and the last leaves nothing to be done", () => {
    const errors = [first, preview, next, later, again, destroy].map((stage) => stage.errors);
    expect(errors).toEqual([[], [], [], [], [], []]);
    expect(preview.changes).toEqual([]);
    expect(again.changes).toEqual([]);
    expect(again.result.steps.filter(({ op }) => op !== "same" && op !== "read")).toEqual([]);
    expect(invokedInPreview).not.toContain("invoke-of-unknown");
  });

  test.each(CONFORMANCE)("$row: Pulumi $pulumi", (row) => {
    const { changes, laterChanges = [], firstChanges, previewed, destroyed, outputs } = row;
    if (firstChanges) expect(of(row.row, first.changes)).toEqual(firstChanges);
    if (previewed) expect(steps(preview, row.row)).toEqual(previewed);
    expect(of(row.row, next.changes)).toEqual(changes);
    if (outputs) expect(next.result.outputs.results).toMatchObject({ [row.row]: outputs });
    expect(of(row.row, later.changes)).toEqual(laterChanges);
    if (destroyed) expect(of(row.row, destroy.changes)).toEqual(destroyed);
  });
});

describe("what the engine refuses", () => {
  let previewed: Stage;
  let refused: Stage;

  beforeAll(async () => {
    engine = await EngineHarness.start();
    await run("up", "refusals-first");
    previewed = await run("preview", "refusals");
    refused = await run("up", "refusals");
  });

  afterAll(() => engine[Symbol.asyncDispose]());

  test("fails the update, and nothing else is told", () => {
    expect(refused.result.exitCode).toBe(1);
    const rows = [...REFUSALS.map(({ row }) => `"${row}-`), '"nowhere"'];
    expect(refused.errors.filter((error) => !rows.some((row) => error.includes(row)))).toEqual([]);
  });

  test.each(REFUSALS)("$row: Pulumi $pulumi", ({ row, sentence }) => {
    const told = sentence.replaceAll("NAME", row).replace("STATE", engine.stateDir);
    expect(previewed.errors.some((error) => error.includes(told))).toBe(true);
    expect(refused.errors.some((error) => error.includes(told))).toBe(true);
  });
});

test.each([
  ["stack-transform", "The program: a transform"],
  ["resource-hook", 'The hook "hook": a resource hook'],
  ["resource-function", "The function pulumi:pulumi:getResource: a function of the engine"],
])("leaves a %s to Pulumi's CLI", async (stage, what) => {
  await using own = await EngineHarness.start();
  engine = own;
  expect((await run("up", stage)).errors).toEqual([
    `${what} is not supported by this engine; use Pulumi's CLI for it.`,
  ]);
});

test("a changed configuration replaces what the default provider made only if the provider says so", async () => {
  await using own = await EngineHarness.start();
  const made = { names: "it", value: "v" };
  const { config } = own.options("up", "chain", made);
  await own.run("up", "chain", made);
  await own.run("up", "chain", made, { config: { ...config, "fake:label": "new" } });
  expect(own.provider.changes).toEqual([]);
  await own.run("up", "chain", made, { config: { ...config, "fake:region": "mars" } });
  // The fake provider deletes nothing that is elsewhere: the old one went by the old configuration.
  expect([own.provider.changes, own.errors]).toEqual([["create it", "delete it"], []]);
});

test.each(SHOWN_ELSEWHERE)("$row: Pulumi $pulumi (shown in $file)", ({ file, test: title }) => {
  expect(readFileSync(join(import.meta.dirname, file), "utf8")).toContain(JSON.stringify(title));
});

/** Another stack of the project, with one output in the open and one secret. */
async function otherStack(stateDir: string): Promise<void> {
  const state = StackState.open(stateDir, "fixture", "other");
  state.put({
    ...UNREMARKABLE,
    urn: "urn:pulumi:other::fixture::pulumi:pulumi:Stack::fixture-other",
    type: "pulumi:pulumi:Stack",
    custom: false,
    id: "",
    inputs: {},
    outputs: { open: "open", hidden: secret("hidden") },
    provider: "",
  });
  await state.save();
}
