import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { SourceMap } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { unzipSync } from "fflate";
import { extract } from "tar-stream";
import { sha256 } from "./archive.ts";
import { FUNCTION_SOURCE } from "./artefact-format.ts";
import { BUNDLE_ARGS, type BuiltBundle, buildBundle } from "./build-bundle.ts";
import { zip } from "./zip-archive.ts";

const FIRST_FRAME = /index\.js:(\d+):(\d+)\)?\n\s+at/;
const folder = mkdtempSync(join(tmpdir(), "bundle-"));
const first = join(folder, "first");
const second = join(folder, "elsewhere/and/deeper");

beforeAll(() => {
  mkdirSync(join(first, "runtime/workloads/greeter"), { recursive: true });
  mkdirSync(join(first, "node_modules/greeting"), { recursive: true });
  writeFileSync(join(first, "package.json"), '{"type":"module"}');
  writeFileSync(join(first, "node_modules/greeting/package.json"), '{"name":"greeting","main":"index.js"}');
  writeFileSync(join(first, "node_modules/greeting/index.js"), 'exports.greet = (name) => "hello " + name;');
  writeFileSync(
    join(first, "runtime/workloads/greeter/main.ts"),
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
  const here = buildBundle("greeter", { root: first });
  expect(buildBundle("greeter", { root: second }).sha256).toBe(here.sha256);
  rmSync(here.path);
  expect(buildBundle("greeter", { root: first })).toEqual(here);
  expect(readFileSync(here.path).includes(folder)).toBe(false);
});

test("runs where no node_modules is in reach, and knows itself as the main module", async () => {
  const files = await unpack(buildBundle("greeter", { root: first }).path);
  expect(files.map(({ name, mtime }) => [name, mtime?.getTime()])).toEqual([["index.js", 0]]);
  expect(await stackOf(files)).toContain("hello true true");
});

test("packs a function's source with what Google's build installs, the same bytes in another folder", () => {
  for (const root of [first, second]) {
    for (const name of ["package.json", "package-lock.json"]) {
      cpSync(new URL(`../../${name}`, import.meta.url), join(root, name));
    }
  }
  const settings = { format: FUNCTION_SOURCE, root: first };
  const { sha256: digest, path } = buildBundle("greeter", settings);
  expect(buildBundle("greeter", { ...settings, root: second }).sha256).toBe(digest);

  const files = unzipSync(readFileSync(path));
  expect(Object.keys(files)).toEqual(["index.js", "package-lock.json", "package.json"]);
  const [lockfile, manifest] = ["package-lock.json", "package.json"].map((name) =>
    JSON.parse(Buffer.from(files[name] ?? []).toString()),
  );
  const framework = "@google-cloud/functions-framework";
  const ours = JSON.parse(readFileSync(join(first, "package-lock.json"), "utf8")).packages;
  expect(manifest).toMatchObject({
    main: "index.js",
    dependencies: { [framework]: ours[`node_modules/${framework}`].version },
  });
  const { "": itself, ...locked } = lockfile.packages;
  expect(itself.dependencies).toEqual(manifest.dependencies);
  expect(ours).toMatchObject(locked);
  for (const [place, { dependencies = {} }] of Object.entries<{ dependencies?: object }>(locked)) {
    const folders = place
      .split("node_modules/")
      .map((_, depth, parts) => parts.slice(0, depth).join("node_modules/"));
    for (const name of Object.keys(dependencies)) {
      const places = [...folders, `${place}/`].map((folder) => `${folder}node_modules/${name}`);
      expect(places.some((candidate) => candidate in locked)).toBe(true);
    }
  }
});

test("packs a zip whose bytes no machine, time or time zone changes", () => {
  const files = [
    { name: "b", bytes: Buffer.from("2") },
    { name: "a", bytes: Buffer.from("1") },
  ];
  expect(sha256(zip(files))).toBe("abba080c92582d63232654caf7e671fcc0b40992dd809e155abd224886238e9c");
  expect(zip(files.toReversed()).equals(zip(files))).toBe(true);
});

test("keeps a source map beside the archive that leads from a stack trace to the source", async () => {
  const { path, mapPath } = buildBundle("greeter", { root: first });
  const stack = await stackOf(await unpack(path));
  expect(stack).toMatch(FIRST_FRAME);
  const [, line, column] = FIRST_FRAME.exec(stack) ?? [];
  expect(originOf(mapPath, Number(line) - 1, Number(column) - 1)).toMatchObject({
    originalSource: "runtime/workloads/greeter/main.ts",
    originalLine: 3,
  });
});

test("keeps the last five archives with their maps", () => {
  const source = join(first, "runtime/workloads/changing/main.ts");
  mkdirSync(dirname(source), { recursive: true });
  const built = Array.from({ length: 7 }, (_, index) => {
    writeFileSync(source, `console.log(${index});`);
    const bundle = buildBundle("changing", { root: first });
    // Older by an hour each: file times are too coarse to tell these apart.
    const usedAt = new Date(Date.now() - (7 - index) * 3_600_000);
    utimesSync(bundle.path, usedAt, usedAt);
    return bundle;
  });
  const kept = ({ path, mapPath }: BuiltBundle) => [existsSync(path), existsSync(mapPath)];
  expect(built.slice(0, 2).flatMap(kept)).toEqual([false, false, false, false]);
  expect(built.slice(2).flatMap(kept)).not.toContain(false);
});

test("remembers no build during which a source may have been saved, and the next one", () => {
  const source = join(first, "runtime/workloads/saved/main.ts");
  const memory = join(first, "node_modules/.cache/bundles/saved/tar.gz/inputs.json");
  mkdirSync(dirname(source), { recursive: true });
  writeFileSync(source, "console.log('saved');");
  buildBundle("saved", { root: first });
  expect(existsSync(memory)).toBe(false);

  for (const deadline = Date.now() + 5_000; !existsSync(memory) && Date.now() < deadline; ) {
    buildBundle("saved", { root: first });
  }
  expect(existsSync(memory)).toBe(true);
});

test("gives a source that was changed for a moment its own map again, where the bytes stayed the same", () => {
  const source = join(first, "runtime/workloads/saved/main.ts");
  const text = readFileSync(source, "utf8");
  const before = buildBundle("saved", { root: first });
  writeFileSync(source, `// A comment\n// of two lines\n${text}`);
  expect(buildBundle("saved", { root: first }).sha256).toBe(before.sha256);
  writeFileSync(source, text);
  const { mapPath } = buildBundle("saved", { root: first });
  expect(originOf(mapPath, 1, 0)).toMatchObject({ originalLine: 0 });
});

test("notices a changed source and a changed dependency", () => {
  const before = buildBundle("greeter", { root: first }).sha256;
  appendFileSync(join(first, "node_modules/greeting/index.js"), "exports.version = process.version;");
  const withDependency = buildBundle("greeter", { root: first }).sha256;
  expect(withDependency).not.toBe(before);

  appendFileSync(join(first, "runtime/workloads/greeter/main.ts"), "\nprocess.exit(3);");
  expect(buildBundle("greeter", { root: first }).sha256).not.toBe(withDependency);
});

test("does not serve a damaged archive from the cache", () => {
  const { path } = buildBundle("greeter", { root: first });
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.subarray(0, 100));
  buildBundle("greeter", { root: first });
  expect(readFileSync(path).equals(bytes)).toBe(true);
});

test("names the workload, the file and the line of what does not build", () => {
  mkdirSync(join(first, "runtime/workloads/broken"), { recursive: true });
  writeFileSync(join(first, "runtime/workloads/broken/main.ts"), '\nimport "no-such-package";');
  expect(() => buildBundle("broken", { root: first })).toThrow(
    /Bundle "broken": [\s\S]*main\.ts:2[\s\S]*no-such-package/,
  );
  expect(() => buildBundle("../greeter", { root: first })).toThrow(
    'Bundle "../greeter": a workload must be a folder of runtime/workloads/, in kebab-case',
  );
});

interface Unpacked {
  readonly name: string;
  readonly mtime: Date | undefined;
  readonly bytes: Buffer;
}

/** @param line counted from 0, as is `column`. */
function originOf(mapPath: string, line: number, column: number): object {
  return new SourceMap(JSON.parse(readFileSync(mapPath, "utf8"))).findEntry(line, column);
}

/** What the bundle prints as it dies: without the environment of this process, which may ask for colours between the words. */
async function stackOf(files: readonly Unpacked[]): Promise<string> {
  const out = mkdtempSync(join(tmpdir(), "unpacked-"));
  for (const { name, bytes } of files) writeFileSync(join(out, name), bytes);
  const { stderr } = spawnSync(process.execPath, BUNDLE_ARGS, { cwd: out, env: {}, encoding: "utf8" });
  rmSync(out, { recursive: true });
  return stderr;
}

async function unpack(path: string): Promise<Unpacked[]> {
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
