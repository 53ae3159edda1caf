import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { checkpointFile } from "./checkpoint.ts";
import { JudgedBefore } from "./judged-before.ts";
import { backendOf, type Settings } from "./workspace.ts";

const SETTINGS: Settings = { values: { "platform:region": "europe-west1" }, secretKeys: [] };
const BUCKET = { urn: "urn:pulumi:local::platform::t::b", type: "t", custom: true, id: "b", inputs: {} };

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "judged-before-"));
  write("key", "k");
  write("stacks/index.ts", "export {};");
  state([BUCKET]);
});

afterEach(() => rmSync(folder, { recursive: true }));

const judged = (settings = SETTINGS) =>
  new JudgedBefore(folder, { folder, stack: "local" }, { folder }, settings);

test("what was made real is right again, for as long as nothing has changed", () => {
  expect(judged().isRight).toBe(false);
  judged().remember();
  expect(judged().isRight).toBe(true);
});

test.each<[string, () => Settings]>([
  ["the program", () => change(() => write("stacks/index.ts", "export const changed = true;"))],
  ["a workload's code", () => change(() => write("runtime/workloads/new/main.ts", "export {};"))],
  ["the lockfile", () => change(() => write("package-lock.json", "{}"))],
  ["what there is", () => change(() => state([{ ...BUCKET, inputs: { location: "EU" } }]))],
  ["the configuration", () => ({ ...SETTINGS, values: { "platform:region": "Mars" } })],
])("it is judged again when %s changes", (_, changed) => {
  judged().remember();
  expect(judged(changed()).isRight).toBe(false);
});

test("a program of a shape that nobody knows is judged each time", () => {
  rmSync(join(folder, "stacks"), { recursive: true });
  judged().remember();
  expect(judged().isRight).toBe(false);
});

function change(act: () => void): Settings {
  act();
  return SETTINGS;
}

function state(resources: readonly object[]): void {
  const file = checkpointFile(backendOf(folder), "local");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ checkpoint: { latest: { resources } } }));
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}
