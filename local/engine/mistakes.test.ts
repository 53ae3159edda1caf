import { join } from "node:path";
import { expect, jest, test } from "@jest/globals";
import { EngineHarness } from "./fixtures/engine-harness.ts";

/** A program starts in a second or two, and in many on a busy machine. */
jest.setTimeout(120_000);

const programDir = join(import.meta.dirname, "fixtures", "mistaken-program");
const invalid = (name: string, at: string) => [
  at,
  `Resource "${name}" (fake:index:Thing): value: must not be "invalid"`,
];
const EVERY_MISTAKE = [
  invalid("first", "index.ts:8"),
  invalid("second", "index.ts:11"),
  invalid("cabinet-drawer", "cabinet.ts:8"),
  ["cabinet.ts:13", 'Resource "cabinet-label" (fake:index:Thing): settings: must not hold "invalid"'],
  invalid("last", "index.ts:13"),
  [
    "index.ts:16",
    'Resource "twin" (fake:index:Thing): the program registers it twice; names must be unique among resources of a type and parent.',
  ],
];

function told(run: EngineHarness): readonly (readonly (string | undefined)[])[] {
  return run.events.flatMap((event) =>
    event.type === "diagnostic" && event.severity === "error" ? [[event.at, event.message]] : [],
  );
}

test("a preview tells every mistake once, in the order of the program, with its place in it", async () => {
  await using run = await EngineHarness.start();
  const preview = await run.run("preview", "mistaken", {}, { programDir });
  expect(told(run)).toEqual(EVERY_MISTAKE);
  expect(preview).toMatchObject({ ok: false, exitCode: 1, mistakes: 6 });
  expect(preview.changeSummary).toEqual({ create: 2, update: 0, delete: 0, same: 0 });
});

test("an up makes what is independent, and tells of what it could not try too", async () => {
  await using run = await EngineHarness.start();
  const updated = await run.run("up", "mistaken", {}, { programDir });
  expect(told(run)).toEqual(EVERY_MISTAKE);
  expect(updated).toMatchObject({ ok: false, exitCode: 1, mistakes: 6 });
  expect(run.provider.names).toEqual(["right", "twin"]);
  expect(updated.steps.filter(({ custom }) => custom)).toHaveLength(2);

  const mended = await run.run("up", "right", {}, { programDir });
  expect(mended).toMatchObject({ ok: true, mistakes: 0, changeSummary: { create: 5, same: 2 } });
});
