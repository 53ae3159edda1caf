import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, buildSync, version as esbuildVersion } from "esbuild";
import { sha256 } from "./archive.ts";
import { type ArtefactFormat, BUNDLE, MAIN_FILE } from "./artefact-format.ts";
import { BundleCache, digestOf, type StoredBuild } from "./bundle-cache.ts";

const REPOSITORY_ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** How an instance starts a bundle. */
export const BUNDLE_COMMANDS = ["node"] as const;
export const BUNDLE_ARGS = [MAIN_FILE] as const;

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

/**
 * `path` is absolute and leads to the archive, which holds `index.js` and, for Cloud Functions, its
 * manifests; `mapPath` to the source map, which leads from a stack trace to the source. The map is not
 * in the archive: Node reads it whole at start, which costs an instance some 35 MB.
 */
export type BuiltBundle = StoredBuild;

export interface BuildSettings {
  /** @default BUNDLE */
  readonly format?: ArtefactFormat;
  /** Where `runtime` and `node_modules` are. @default this repository */
  readonly root?: string;
}

/**
 * Builds `runtime/workloads/WORKLOAD/main.ts` into an archive. Same source and dependencies, same bytes,
 * whatever the machine and the folder. A build whose every input is unchanged is taken from
 * `node_modules/.cache/bundles/WORKLOAD/`, after a check of the archive itself.
 *
 * @throws {Error} naming the workload and esbuild's complaints, with file and line.
 */
export function buildBundle(
  workload: string,
  { format = BUNDLE, root = REPOSITORY_ROOT }: BuildSettings = {},
): BuiltBundle {
  if (!/^[a-z0-9-]+$/.test(workload)) {
    throw new Error(
      `Bundle "${workload}": a workload must be a folder of runtime/workloads/, in kebab-case.`,
    );
  }
  const cache = new BundleCache(root, workload, format.extension);
  const toolchain = toolchainOf(format, root);
  const cached = cache.find(toolchain);
  if (cached) return cached;

  const startedAt = Date.now();
  const { code, map, inputs } = compile(workload, root);
  const archive = format.pack(code, root);
  if (archive.length > format.maxBytes) {
    throw new Error(
      `Bundle "${workload}": must be at most ${format.maxBytes} bytes, Google's limit; got ${archive.length}.`,
    );
  }
  return cache.keep({ archive, map, inputs }, toolchain, startedAt);
}

/** Files below the root of which something is in the bundle, and not only was looked at. */
export function contentsOf(workload: string, root = REPOSITORY_ROOT): readonly string[] {
  return compile(workload, root).contents;
}

interface Compiled {
  readonly code: Buffer;
  readonly map: Buffer;
  /** All that was read. */
  readonly inputs: readonly string[];
  readonly contents: readonly string[];
}

function compile(workload: string, root: string): Compiled {
  const { errors, warnings, outputFiles, metafile } = runEsbuild(workload, {
    ...OPTIONS,
    absWorkingDir: root,
    entryPoints: [`runtime/workloads/${workload}/main.ts`],
    // Beside package.json, so that the map's paths read as the repository's.
    outfile: MAIN_FILE,
    write: false,
    metafile: true,
  });
  // A dependency's warnings are its authors' to heed; what matters of them shows when the bundle is started.
  const ours = warnings.filter(({ location }) => !location?.file.includes("node_modules/"));
  const complaints = [...errors, ...ours];
  if (complaints.length > 0 || outputFiles === undefined || metafile === undefined) {
    throw new Error(`Bundle "${workload}": ${complaints.map(describe).join("\n")}`);
  }
  const output = (name: string) =>
    Buffer.from(outputFiles.find(({ path }) => basename(path) === name)?.contents ?? []);
  const placed = Object.values(metafile.outputs).flatMap((file) => Object.entries(file.inputs));
  return {
    code: output(MAIN_FILE),
    map: output(`${MAIN_FILE}.map`),
    inputs: Object.keys(metafile.inputs),
    contents: placed.flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])).sort(),
  };
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

/** What decides the output besides the inputs' contents: options, esbuild, how imports are resolved, and manifests. */
function toolchainOf({ manifests }: ArtefactFormat, root: string): string {
  const files = ["package.json", "tsconfig.json", "node_modules/.package-lock.json", ...manifests];
  return sha256(
    JSON.stringify([esbuildVersion, OPTIONS, files.map((file) => digestOf(join(root, file)) ?? "absent")]),
  );
}
