import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, buildSync, version as esbuildVersion } from "esbuild";
import { sha256, tarGz } from "./archive.ts";

const REPOSITORY_ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** How an instance starts a bundle. */
export const BUNDLE_COMMANDS = ["node"] as const;
export const BUNDLE_ARGS = ["index.js"] as const;

/** Older archives stay for a program or an upload that still reads one. */
const KEPT_ARCHIVES = 5;
const DIGEST_LENGTH = 64;
/** A draft this old was left by a build that was killed. */
const DRAFT_LIFETIME_MS = 3_600_000;
/** Cloud Run's limit for code without a container build. */
const MAX_BYTES = 250 * 1024 * 1024;

/** File systems round their times. */
const CLOCK_MARGIN_MS = 50;
/** CommonJS, because ES modules need a shim for every `require` in them; so these two stand for `import.meta`. */
const OPTIONS = {
  bundle: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  minify: true,
  sourcemap: "external",
  sourcesContent: false,
  legalComments: "none",
  charset: "utf8",
  define: { "import.meta.url": "__bundleUrl", "import.meta.main": "__bundleMain" },
  banner: {
    js: 'const __bundleUrl=require("node:url").pathToFileURL(__filename).href,__bundleMain=require.main===module;',
  },
  logLevel: "silent",
} as const satisfies BuildOptions;

export interface BuiltBundle {
  /** Of the archive, in lower-case hex. */
  readonly sha256: string;
  /** Absolute path of the archive, a `tar.gz` of `index.js`. */
  readonly path: string;
  /**
   * Absolute path of the source map, which leads from a stack trace of `index.js` to the source.
   * Not in the archive: Node reads a map whole at start, which costs an instance some 35 MB.
   */
  readonly mapPath: string;
}

interface CacheRecord {
  readonly toolchain: string;
  /** Paths below the root to the SHA-256 of their contents. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly sha256: string;
}

/**
 * Builds `runtime/WORKLOAD/main.ts` into an archive. Same source and dependencies, same bytes,
 * whatever the machine and the folder. A build whose every input is unchanged is taken from
 * `node_modules/.cache/bundles/WORKLOAD/`, after a check of the archive itself.
 *
 * @throws {Error} naming the workload and esbuild's complaints, with file and line.
 */
export function buildBundle(workload: string, root: string = REPOSITORY_ROOT): BuiltBundle {
  if (!/^[a-z0-9-]+(\/[a-z0-9-]+)*$/.test(workload)) {
    throw new Error(`Bundle "${workload}": a workload must be a folder below runtime/, in kebab-case.`);
  }
  const folder = join(root, "node_modules/.cache/bundles", workload);
  const toolchain = toolchainOf(root);
  const cached = readCache(folder);
  if (cached?.toolchain === toolchain && isUnchanged(cached, root)) {
    const built = builtAs(folder, cached.sha256);
    if (digestOf(built.path) === cached.sha256 && existsSync(built.mapPath)) return built;
  }

  const startedAt = Date.now();
  const { archive, map, inputs } = build(workload, root);
  const built = builtAs(folder, sha256(archive));
  mkdirSync(folder, { recursive: true });
  writeAtomically(built.path, archive);
  writeAtomically(built.mapPath, map);
  // A file saved meanwhile has perhaps been read before and would be digested after: then nothing is remembered.
  if (inputs.every((path) => changedAt(join(root, path)) < startedAt - CLOCK_MARGIN_MS)) {
    const record: CacheRecord = { toolchain, inputs: digestsOf(inputs, root), sha256: built.sha256 };
    writeAtomically(join(folder, "inputs.json"), JSON.stringify(record));
  }
  sweep(folder, built);
  return built;
}

function build(workload: string, root: string): { archive: Buffer; map: Buffer; inputs: readonly string[] } {
  const entryPoint = `runtime/${workload}/main.ts`;
  const { errors, warnings, outputFiles, metafile } = runEsbuild(workload, {
    ...OPTIONS,
    absWorkingDir: root,
    entryPoints: [entryPoint],
    // Beside package.json, so that the map's paths read as the repository's.
    outfile: "index.js",
    write: false,
    metafile: true,
  });
  // A dependency's warnings are its authors' to heed; what matters of them shows when the bundle is started.
  const ours = warnings.filter(({ location }) => !location?.file.includes("node_modules/"));
  const complaints = [...errors, ...ours];
  if (complaints.length > 0 || outputFiles === undefined || metafile === undefined) {
    throw new Error(`Bundle "${workload}": ${complaints.map(describe).join("\n")}`);
  }
  const [code, map] = ["index.js", "index.js.map"].map((name) =>
    Buffer.from(outputFiles.find(({ path }) => basename(path) === name)?.contents ?? []),
  );
  const archive = tarGz([{ name: "index.js", bytes: code ?? Buffer.alloc(0) }]);
  if (archive.length > MAX_BYTES) {
    throw new Error(
      `Bundle "${workload}": must be at most ${MAX_BYTES} bytes, Cloud Run's limit; got ${archive.length}.`,
    );
  }
  return { archive, map: map ?? Buffer.alloc(0), inputs: Object.keys(metafile.inputs) };
}

function runEsbuild(workload: string, options: BuildOptions): ReturnType<typeof buildSync> {
  try {
    return buildSync(options);
  } catch (cause) {
    throw new Error(`Bundle "${workload}": ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

function describe({
  text,
  location,
}: {
  text: string;
  location: { file: string; line: number } | null;
}): string {
  return location ? `${location.file}:${location.line}: ${text}` : text;
}

/** What decides the output besides the inputs' contents: options, esbuild, and how imports are resolved. */
function toolchainOf(root: string): string {
  const resolution = ["package.json", "tsconfig.json", "node_modules/.package-lock.json"];
  return sha256(
    JSON.stringify([
      esbuildVersion,
      OPTIONS,
      resolution.map((file) => digestOf(join(root, file)) ?? "absent"),
    ]),
  );
}

function isUnchanged({ inputs }: CacheRecord, root: string): boolean {
  return Object.entries(inputs).every(([path, digest]) => digestOf(join(root, path)) === digest);
}

function digestsOf(paths: readonly string[], root: string): Record<string, string> {
  return Object.fromEntries(paths.map((path) => [path, digestOf(join(root, path)) ?? "absent"]));
}

/** Contents or name, whichever changed last; a file that is gone has only just changed. */
function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? Number.POSITIVE_INFINITY;
}

function digestOf(path: string): string | undefined {
  try {
    return sha256(readFileSync(path));
  } catch {
    return undefined;
  }
}

function readCache(folder: string): CacheRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(join(folder, "inputs.json"), "utf8"));
    return typeof record?.sha256 === "string" && typeof record.inputs === "object" ? record : undefined;
  } catch {
    return undefined;
  }
}

function builtAs(folder: string, digest: string): BuiltBundle {
  const path = join(folder, `${digest}.tar.gz`);
  return { sha256: digest, path, mapPath: join(folder, `${digest}.js.map`) };
}

/** Two builds at once write the same bytes or each its own; a reader never sees half a file. */
function writeAtomically(path: string, bytes: Buffer | string): void {
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}`);
  writeFileSync(draft, bytes);
  renameSync(draft, path);
}

function sweep(folder: string, current: BuiltBundle): void {
  utimesSync(current.path, new Date(), new Date());
  const files = readdirSync(folder)
    .map((name) => ({
      name,
      usedAt: statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0,
    }))
    .sort((a, b) => b.usedAt - a.usedAt);
  const archives = files.filter(({ name }) => /^[0-9a-f]{64}\.tar\.gz$/.test(name));
  const drafts = files.filter(
    ({ name, usedAt }) => name.startsWith(".") && usedAt < Date.now() - DRAFT_LIFETIME_MS,
  );
  const kept = new Set(archives.slice(0, KEPT_ARCHIVES).map(({ name }) => name.slice(0, DIGEST_LENGTH)));
  const old = files.filter(
    ({ name }) => /^[0-9a-f]{64}\./.test(name) && !kept.has(name.slice(0, DIGEST_LENGTH)),
  );
  for (const { name } of [...old, ...drafts]) rmSync(join(folder, name), { force: true });
}
