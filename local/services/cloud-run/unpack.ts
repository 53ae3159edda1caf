import { createWriteStream, existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { unzipSync } from "fflate";
import { extract } from "tar-stream";

/** Cloud Run's limit for code without a container build. */
const MAX_BYTES = 250 * 1024 * 1024;
const MAX_FILES = 20_000;

/**
 * Unpacks a `tar.gz` of plain files into `folder`, out of reach of any `node_modules`: a bundle
 * that forgot a dependency fails here as it would on Cloud Run.
 *
 * @throws {Error} naming what is not a plain file within the folder and the limits.
 */
export async function unpack(archive: Readable, folder: string): Promise<void> {
  await makeFolder(folder);
  const entries = extract();
  const reading = pipeline(archive, createGunzip(), entries);
  // The loop below sees the same error; this one must not go unhandled before it does.
  reading.catch(() => undefined);
  const tally = new Tally();
  for await (const entry of entries) {
    const { name, type, size = 0 } = entry.header;
    const path = pathWithin(folder, name);
    tally.add(size);
    if (type === "directory") {
      await mkdir(path, { recursive: true });
      entry.resume();
    } else if (type === "file") {
      await mkdir(dirname(path), { recursive: true });
      await pipeline(entry, createWriteStream(path));
    } else {
      throw new Error(`archive entry "${name}" must be a file or a folder; it is a ${type}`);
    }
  }
  await reading;
}

/** As `unpack`, of a `zip`, in memory. */
export async function unzip(archive: Readable, folder: string): Promise<void> {
  await makeFolder(folder);
  const tally = new Tally();
  const files = unzipSync(await buffer(archive), {
    filter: ({ name, originalSize }) => {
      pathWithin(folder, name);
      tally.add(originalSize);
      return !name.endsWith("/");
    },
  });
  for (const [name, bytes] of Object.entries(files)) {
    const path = pathWithin(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
}

async function makeFolder(folder: string): Promise<void> {
  refuseModulesInReach(folder);
  await mkdir(folder, { recursive: true });
}

/** Counts what is unpacked. @throws past the limits. */
class Tally {
  #bytes = 0;
  #files = 0;

  add(bytes: number): void {
    this.#bytes += bytes;
    this.#files += 1;
    if (this.#bytes > MAX_BYTES || this.#files > MAX_FILES) {
      throw new Error(`archive must hold at most ${MAX_BYTES} bytes in ${MAX_FILES} files`);
    }
  }
}

function pathWithin(folder: string, name: string): string {
  const path = resolve(folder, name);
  if (path !== folder && !path.startsWith(folder + sep)) {
    throw new Error(`archive entry "${name}" is outside the archive's folder`);
  }
  return path;
}

function refuseModulesInReach(folder: string): void {
  for (let at = folder; ; at = dirname(at)) {
    const modules = join(at, "node_modules");
    if (existsSync(modules))
      throw new Error(`${modules} is in reach of bundles; set TMPDIR to a folder away from it`);
    if (dirname(at) === at) return;
  }
}
