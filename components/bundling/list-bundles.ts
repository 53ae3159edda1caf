import { globSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ArtefactFormat, BUNDLE, FUNCTION_SOURCE } from "./artefact-format.ts";
import { buildBundle } from "./build-bundle.ts";

export const REPOSITORY_ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FORMATS = [BUNDLE, FUNCTION_SOURCE];

/** A workload in one of the formats that it can be deployed in. */
export interface ListedBundle {
  readonly workload: string;
  /** `WORKLOAD.tar.gz` or `WORKLOAD.zip` */
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** With what is of no interest to anybody else: where it is on this machine, and how it was packed. */
export interface LocatedBundle extends ListedBundle {
  readonly path: string;
  readonly format: ArtefactFormat;
}

/** Builds every workload in every format; sorted by file. */
export function listBundles(root = REPOSITORY_ROOT): readonly LocatedBundle[] {
  const workloads = globSync("runtime/workloads/*/main.ts", { cwd: root }).map((path) =>
    basename(dirname(path)),
  );
  return workloads.sort().flatMap((workload) =>
    FORMATS.map((format) => {
      const { sha256, path } = buildBundle(workload, { format, root });
      const file = `${workload}.${format.extension}`;
      return { workload, file, sha256, bytes: statSync(join(path)).size, path, format };
    }),
  );
}

/** A sentence for each bundle that is another than was expected, is missing, or was not expected. */
export function differencesOf(
  expected: readonly ListedBundle[],
  built: readonly ListedBundle[],
): readonly string[] {
  const files = new Set([...expected, ...built].map(({ file }) => file));
  const of = (bundles: readonly ListedBundle[], name: string) =>
    bundles.find(({ file }) => file === name)?.sha256;
  return [...files].sort().flatMap((file) => {
    const [before, now] = [of(expected, file), of(built, file)];
    if (before === now) return [];
    return [`${file} must be ${before ?? "none"}; it is ${now ?? "none"}.`];
  });
}
