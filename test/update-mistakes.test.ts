import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { REPOSITORY } from "../local/kernel/place.ts";
import { runCommand } from "./support/command-line.ts";

const IMPORT = 'import * as gcp from "@pulumi/gcp";';
const SERVICE = 'const service = new gcp.projects.Service("s", { service: "storage.googleapis.com" });';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mistakes-"));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: mistakes\nruntime: nodejs\nmain: index.ts\n");
  writeFileSync(
    join(folder, "Pulumi.local.yaml"),
    "config: { gcp:project: acme, gcp:region: europe-west1 }\n",
  );
  symlinkSync(join(REPOSITORY, "node_modules"), join(folder, "node_modules"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("what is registered twice, in a loop, is told in its place, after all that was made before it", async () => {
  const { code, out } = await preview([
    IMPORT,
    // The program ends at the second registration: what it makes after it is told only later.
    'for (let n = 0; n < 40; n += 1) new gcp.storage.Bucket("b" + n, { location: "EU", storageClass: "NONE" });',
    'for (const _ of [1, 2]) new gcp.projects.Service("s", { service: "storage.googleapis.com" });',
  ]);
  expect(lines(out)).toEqual([
    ...Array.from({ length: 40 }, (_, n) =>
      expect.stringMatching(`^error: index\\.ts:2: Resource "b${n}" .* storageClass must be`),
    ),
    expect.stringMatching(/^error: index\.ts:3: Resource "s" .* registers it twice/),
    "41 mistakes in the program; nothing was changed.",
  ]);
  expect(code).toBe(1);
});

test("of two with one id it is the later in the program that is wrong, whichever is checked first", async () => {
  const { out } = await preview([
    IMPORT,
    SERVICE,
    'const late = service.id.apply(() => "same-name");',
    'new gcp.storage.Bucket("first", { name: late, location: "EU" }, { dependsOn: service });',
    'new gcp.storage.Bucket("second", { name: "same-name", location: "EU" });',
    'new gcp.storage.Bucket("third", { name: "same-name", location: "EU" });',
  ]);
  expect(out).toMatch(/^error: index\.ts:6: Resource "third" .*"second" is same-name too/m);
  expect(out).not.toContain("index.ts:4");
});

test("an error that nobody caught is told once", async () => {
  const { out } = await preview([
    IMPORT,
    'import * as pulumi from "@pulumi/pulumi";',
    'pulumi.output(1).apply(() => { throw new Error("Given up."); });',
  ]);
  expect(lines(out)).toEqual([
    "error: index.ts:3: Error: Given up.",
    "1 mistake in the program; nothing was changed.",
  ]);
});

test("a program that ends the process is told so, and is no success", async () => {
  const { code, err } = await preview([IMPORT, SERVICE, "process.exit(0);"]);
  expect(err).toContain("error: index.ts: the program ended its process (process.exit(0))");
  expect(code).toBe(1);
});

test("what a program prints does not come into JSON", async () => {
  const { code, out, err } = await preview([IMPORT, 'console.log("printed");', SERVICE], "--json");
  expect(JSON.parse(out)).toMatchObject({ changeSummary: { create: 2 } });
  expect(err).toContain("printed\n");
  expect(code).toBe(0);
});

function preview(source: readonly string[], ...flags: readonly string[]) {
  writeFileSync(join(folder, "index.ts"), `${source.join("\n")}\n`);
  return runCommand(["preview", "--cwd", folder, "--state-dir", join(folder, "state"), ...flags]);
}

function lines(text: string): readonly string[] {
  return text
    .trim()
    .split("\n")
    .filter((line) => !line.startsWith("Placeholders"));
}
