import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
}
interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

const read = (file: string) => JSON.parse(readFileSync(new URL(`../${file}`, import.meta.url), "utf8"));
const manifest = read("package.json") as Manifest;
const { "": _root, ...locked } = read("package-lock.json").packages as Record<string, Locked>;
const nameOf = (place: string) => place.replace(/^.*node_modules\//, "");

test("locks every package by digest, and leaves open which registry it comes from", () => {
  const places = Object.entries(locked);
  expect(places.length).toBeGreaterThan(100);
  expect(places.filter(([, { integrity = "" }]) => !/^sha512-[\w+/]{86}==$/.test(integrity))).toEqual([]);
  expect(places.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
});

test("asks for exact versions, and has those", () => {
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    expect([name, version]).toEqual([name, locked[`node_modules/${name}`]?.version]);
  }
});

test("has decided of each package with an install script whether it may run, and of no other", () => {
  const withScripts = Object.entries(locked).flatMap(([place, { hasInstallScript }]) =>
    hasInstallScript ? [nameOf(place)] : [],
  );
  expect(Object.keys(manifest.allowScripts).sort()).toEqual([...new Set(withScripts)].sort());
});

test("lets no package run a script as it is installed, unless it is told to", () => {
  const folder = mkdtempSync(join(tmpdir(), "supply-chain-"));
  try {
    const mark = join(folder, "has-run");
    mkdirSync(join(folder, "greedy"));
    const greedy = {
      name: "greedy",
      version: "1.0.0",
      scripts: { postinstall: `node -e "require('fs').writeFileSync(process.env.MARK,'')"` },
    };
    writeFileSync(join(folder, "greedy/package.json"), JSON.stringify(greedy));
    writeFileSync(join(folder, "package.json"), JSON.stringify({ dependencies: { greedy: "file:greedy" } }));
    copyFileSync(new URL("../.npmrc", import.meta.url), join(folder, ".npmrc"));
    // Without what this test's own npm hands on to scripts as its settings.
    const env = { PATH: process.env.PATH, HOME: folder, MARK: mark };
    const npm = (...args: readonly string[]) =>
      spawnSync("npm", [...args, "--offline"], { cwd: folder, env, encoding: "utf8" }).status;

    expect([npm("install", "--install-links"), existsSync(mark)]).toEqual([0, false]);
    expect([npm("rebuild", "greedy", "--ignore-scripts=false"), existsSync(mark)]).toEqual([0, true]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
