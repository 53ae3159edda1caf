import { createWriteStream, existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
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
  refuseModulesInReach(folder);
  await mkdir(folder, { recursive: true });
  const entries = extract();
  const reading = pipeline(archive, createGunzip(), entries);
  // The loop below sees the same error; this one must not go unhandled before it does.
  reading.catch(() => undefined);
  let bytes = 0;
  let files = 0;
  for await (const entry of entries) {
    const { name, type, size = 0 } = entry.header;
    const path = resolve(folder, name);
    if (path !== folder && !path.startsWith(folder + sep)) {
      throw new Error(`archive entry "${name}" is outside the archive's folder`);
    }
    bytes += size;
    files += 1;
    if (bytes > MAX_BYTES || files > MAX_FILES) {
      throw new Error(`archive must hold at most ${MAX_BYTES} bytes in ${MAX_FILES} files`);
    }
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

function refuseModulesInReach(folder: string): void {
  for (let at = folder; ; at = dirname(at)) {
    const modules = join(at, "node_modules");
    if (existsSync(modules))
      throw new Error(`${modules} is in reach of bundles; set TMPDIR to a folder away from it`);
    if (dirname(at) === at) return;
  }
}
