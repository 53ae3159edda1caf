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
import { sha256 } from "./archive.ts";

/** Older archives stay for a program or an upload that still reads one. */
const KEPT_ARCHIVES = 5;
const DIGEST_LENGTH = 64;
/** A draft this old was left by a build that was killed. */
const DRAFT_LIFETIME_MS = 3_600_000;
/** File systems round their times. */
const CLOCK_MARGIN_MS = 50;

/** An archive and what leads from it back to the source. */
export interface StoredBuild {
  /** Of the archive, in lower-case hex. */
  readonly sha256: string;
  readonly path: string;
  readonly mapPath: string;
}

interface Built {
  readonly archive: Buffer;
  readonly map: Buffer;
  /** Paths below the root of all that was read. */
  readonly inputs: readonly string[];
}

interface CacheRecord {
  readonly toolchain: string;
  /** Paths below the root to the SHA-256 of their contents. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly sha256: string;
}

/** The latest builds of one workload in one format, in a folder of `node_modules/.cache`. */
export class BundleCache {
  readonly #folder: string;
  readonly #root: string;
  readonly #extension: string;

  constructor(root: string, workload: string, extension: string) {
    this.#root = root;
    this.#extension = extension;
    this.#folder = join(root, "node_modules/.cache/bundles", workload, extension);
  }

  /**
   * What an earlier build made, if every input is unchanged and the archive is whole.
   *
   * @param toolchain what decides the output besides the inputs' contents.
   */
  find(toolchain: string): StoredBuild | undefined {
    const record = this.#read();
    if (record?.toolchain !== toolchain || !this.#isUnchanged(record)) return undefined;
    const stored = this.#storedAs(record.sha256);
    return digestOf(stored.path) === record.sha256 && existsSync(stored.mapPath) ? stored : undefined;
  }

  keep({ archive, map, inputs }: Built, toolchain: string, startedAt: number): StoredBuild {
    const stored = this.#storedAs(sha256(archive));
    mkdirSync(this.#folder, { recursive: true });
    // Other lines of a source can lead to the same archive, whose map is then no longer what was remembered.
    rmSync(this.#recordPath, { force: true });
    writeAtomically(stored.path, archive);
    writeAtomically(stored.mapPath, map);
    // A file saved meanwhile has perhaps been read before and would be digested after: then nothing is remembered.
    if (inputs.every((path) => changedAt(join(this.#root, path)) < startedAt - CLOCK_MARGIN_MS)) {
      const digests = inputs.map((path) => [path, digestOf(join(this.#root, path)) ?? "absent"]);
      const record: CacheRecord = {
        toolchain,
        inputs: Object.fromEntries(digests),
        sha256: stored.sha256,
      };
      writeAtomically(this.#recordPath, JSON.stringify(record));
    }
    this.#sweep(stored);
    return stored;
  }

  get #recordPath(): string {
    return join(this.#folder, "inputs.json");
  }

  #read(): CacheRecord | undefined {
    try {
      const record = JSON.parse(readFileSync(this.#recordPath, "utf8"));
      return typeof record?.sha256 === "string" && typeof record.inputs === "object" ? record : undefined;
    } catch {
      return undefined;
    }
  }

  #isUnchanged({ inputs }: CacheRecord): boolean {
    return Object.entries(inputs).every(([path, digest]) => digestOf(join(this.#root, path)) === digest);
  }

  #storedAs(digest: string): StoredBuild {
    const path = join(this.#folder, `${digest}.${this.#extension}`);
    return { sha256: digest, path, mapPath: join(this.#folder, `${digest}.js.map`) };
  }

  #sweep(current: StoredBuild): void {
    utimesSync(current.path, new Date(), new Date());
    const files = readdirSync(this.#folder)
      .map((name) => ({
        name,
        usedAt: statSync(join(this.#folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0,
      }))
      .sort((a, b) => b.usedAt - a.usedAt);
    const isDigested = ({ name }: { name: string }) => /^[0-9a-f]{64}\./.test(name);
    const archives = files.filter((file) => isDigested(file) && file.name.endsWith(`.${this.#extension}`));
    const kept = new Set(archives.slice(0, KEPT_ARCHIVES).map(({ name }) => name.slice(0, DIGEST_LENGTH)));
    const drafts = files.filter(
      ({ name, usedAt }) => name.startsWith(".") && usedAt < Date.now() - DRAFT_LIFETIME_MS,
    );
    const old = files.filter((file) => isDigested(file) && !kept.has(file.name.slice(0, DIGEST_LENGTH)));
    for (const { name } of [...old, ...drafts]) rmSync(join(this.#folder, name), { force: true });
  }
}

/** Of a file's contents; `undefined` where there is none. */
export function digestOf(path: string): string | undefined {
  try {
    return sha256(readFileSync(path));
  } catch {
    return undefined;
  }
}

/** Contents or name, whichever changed last; a file that is gone has only just changed. */
function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? Number.POSITIVE_INFINITY;
}

/** Two builds at once write the same bytes or each its own; a reader never sees half a file. */
function writeAtomically(path: string, bytes: Buffer | string): void {
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}`);
  writeFileSync(draft, bytes);
  renameSync(draft, path);
}
