import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { existingNames } from "./existing.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "existing-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

test.each<[string, string, readonly string[]]>([
  ["a list", "config: { platform:existing: [a, b] }", ["a", "b"]],
  ["JSON, as Pulumi writes a list", `config: { platform:existing: '["a","b"]' }`, ["a", "b"]],
  ["nothing", "config: {}", []],
  ["no configuration", "encryptionsalt: v1", []],
])("reads %s of names", (_, text, names) => {
  expect(existingNames(settings(text))).toEqual(names);
});

test("a stack that was never configured declares nothing", () => {
  expect(existingNames({ settingsFile: join(folder, "absent.yaml") })).toEqual([]);
});

test.each(["config: { platform:existing: a }", "config: { platform:existing: [''] }"])(
  "refuses what is no list of names: %s",
  (text) => {
    expect(() => existingNames(settings(text))).toThrow("platform:existing must be a list of names");
  },
);

function settings(text: string): { readonly settingsFile: string } {
  const settingsFile = join(folder, "Pulumi.test.yaml");
  writeFileSync(settingsFile, text);
  return { settingsFile };
}
