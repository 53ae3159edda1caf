import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { extract } from "tar-stream";
import { BUNDLE_ARGS, buildBundle } from "./build-bundle.ts";

const folder = mkdtempSync(join(tmpdir(), "bundle-"));
const first = join(folder, "first");
const second = join(folder, "elsewhere/and/deeper");

beforeAll(() => {
  mkdirSync(join(first, "runtime/area/workload"), { recursive: true });
  mkdirSync(join(first, "node_modules/greeting"), { recursive: true });
  writeFileSync(join(first, "package.json"), '{"type":"module"}');
  writeFileSync(join(first, "node_modules/greeting/package.json"), '{"name":"greeting","main":"index.js"}');
  writeFileSync(join(first, "node_modules/greeting/index.js"), 'exports.greet = (name) => "hello " + name;');
  writeFileSync(
    join(first, "runtime/area/workload/main.ts"),
    [
      'import { greet } from "greeting";',
      "",
      "function complain(): never {",
      '  throw new Error(greet([import.meta.main, import.meta.url.startsWith("file:")].join(" ")));',
      "}",
      "complain();",
    ].join("\n"),
  );
  cpSync(first, second, { recursive: true });
});

afterAll(() => rmSync(folder, { recursive: true }));

test("gives the same bytes in another folder, and again", () => {
  const here = buildBundle("area/workload", first);
  expect(buildBundle("area/workload", second).sha256).toBe(here.sha256);
  rmSync(here.path);
  expect(buildBundle("area/workload", first)).toEqual(here);
  expect(readFileSync(here.path).includes(folder)).toBe(false);
});

test("runs where no node_modules is in reach, knows itself as the main module, and traces to the source", async () => {
  const out = mkdtempSync(join(tmpdir(), "unpacked-"));
  const files = await unpack(buildBundle("area/workload", first).path);
  for (const { name, bytes } of files) writeFileSync(join(out, name), bytes);

  expect(files.map(({ name }) => name)).toEqual(["index.js", "index.js.map"]);
  expect(files.every(({ mtime }) => mtime?.getTime() === 0)).toBe(true);
  const run = () => execFileSync(process.execPath, BUNDLE_ARGS, { cwd: out, stdio: "pipe" });
  expect(run).toThrow("hello true true");
  expect(run).toThrow(/runtime\/area\/workload\/main\.ts:4/);
  rmSync(out, { recursive: true });
});

test("notices a changed source and a changed dependency", () => {
  const before = buildBundle("area/workload", first).sha256;
  appendFileSync(join(first, "node_modules/greeting/index.js"), "exports.version = process.version;");
  const withDependency = buildBundle("area/workload", first).sha256;
  expect(withDependency).not.toBe(before);

  appendFileSync(join(first, "runtime/area/workload/main.ts"), "\nprocess.exit(3);");
  expect(buildBundle("area/workload", first).sha256).not.toBe(withDependency);
});

test("does not serve a damaged archive from the cache", () => {
  const { path } = buildBundle("area/workload", first);
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.subarray(0, 100));
  buildBundle("area/workload", first);
  expect(readFileSync(path).equals(bytes)).toBe(true);
});

test("names the workload, the file and the line of what does not build", () => {
  mkdirSync(join(first, "runtime/area/broken"), { recursive: true });
  writeFileSync(join(first, "runtime/area/broken/main.ts"), '\nimport "no-such-package";');
  expect(() => buildBundle("area/broken", first)).toThrow(
    /Bundle "area\/broken": [\s\S]*main\.ts:2[\s\S]*no-such-package/,
  );
  expect(() => buildBundle("../area", first)).toThrow(
    'Bundle "../area": a workload must be a folder below runtime/',
  );
});

async function unpack(path: string): Promise<{ name: string; mtime: Date | undefined; bytes: Buffer }[]> {
  const files = [];
  const entries = Readable.from([readFileSync(path)])
    .pipe(createGunzip())
    .pipe(extract());
  for await (const entry of entries) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    files.push({ name: entry.header.name, mtime: entry.header.mtime, bytes: Buffer.concat(chunks) });
  }
  return files;
}
