import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ArchiveFile } from "./archive.ts";

const FRAMEWORK = "@google-cloud/functions-framework";
const MODULES = "node_modules/";

/** What npm's lockfile says of one installed package; more fields than these, which pass as they are. */
export interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** By the places where they stand. */
export type LockedPackages = Readonly<Record<string, LockedPackage>>;

/**
 * `package.json` and `package-lock.json` of a function. Google's build installs its framework by
 * `npm ci`: at the version, with the dependencies and by the checksums that this repository's own
 * lockfile has, so that what is served there is what was tested here.
 *
 * @see https://cloud.google.com/functions/docs/writing/dependencies
 */
export function functionManifests(root: string): readonly ArchiveFile[] {
  const packages = readLockfile(root);
  const version = packages[MODULES + FRAMEWORK]?.version;
  if (version === undefined) throw new Error(`package-lock.json must hold ${FRAMEWORK}; got nothing.`);

  const manifest = {
    name: "function",
    version: "0.0.0",
    private: true,
    main: "index.js",
    dependencies: { [FRAMEWORK]: version },
  };
  const lockfile = {
    name: manifest.name,
    version: manifest.version,
    lockfileVersion: 3,
    requires: true,
    packages: { "": { ...manifest }, ...functionPackages(packages) },
  };
  return [
    { name: "package.json", bytes: toBytes(manifest) },
    { name: "package-lock.json", bytes: toBytes(lockfile) },
  ];
}

export function readLockfile(root: string): LockedPackages {
  const text = readFileSync(join(root, "package-lock.json"), "utf8");
  return (JSON.parse(text) as { packages: LockedPackages }).packages;
}

/** What Google's build installs beside a function's own code. */
export function functionPackages(packages: LockedPackages): LockedPackages {
  return reachableFrom(MODULES + FRAMEWORK, packages);
}

/** The package and all that it needs, at the places where they stand in the lockfile. */
function reachableFrom(start: string, packages: LockedPackages): LockedPackages {
  const reached = new Set([start]);
  for (const place of reached) {
    const { dependencies, optionalDependencies } = packages[place] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const found = placeOf(name, place, packages);
      if (found !== undefined) reached.add(found);
    }
  }
  return Object.fromEntries([...reached].sort().map((place) => [place, packages[place] ?? {}]));
}

/** Where Node finds a package that the one at `from` asks for: in its own folder, or in one further up. */
function placeOf(name: string, from: string, packages: LockedPackages): string | undefined {
  for (let folder = `${from}/`; ; folder = folder.slice(0, folder.lastIndexOf(MODULES))) {
    const place = `${folder}${MODULES}${name}`;
    if (packages[place]) return place;
    if (folder === "") return undefined;
  }
}

function toBytes(content: object): Buffer {
  return Buffer.from(`${JSON.stringify(content, null, 2)}\n`);
}
