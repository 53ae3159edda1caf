import { type Zippable, zipSync } from "fflate";
import type { ArchiveFile } from "./archive.ts";

/** The earliest that the format can say, in the machine's own time zone, as the format has none. */
const MODIFIED_AT = new Date(1980, 0, 1);
const UNIX = 3;
/** A regular file that all may read, in the upper half of the attributes. */
const READABLE_FILE = (0o100644 << 16) >>> 0;

/**
 * A `zip` whose bytes depend on names and contents alone: fixed times, modes and order, and
 * stored, not compressed. Cloud Functions wants the format; the size is the network's to compress.
 */
export function zip(files: readonly ArchiveFile[]): Buffer {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  const entries: Zippable = Object.fromEntries(
    sorted.map(({ name, bytes }) => [
      name,
      [bytes, { level: 0, mtime: MODIFIED_AT, os: UNIX, attrs: READABLE_FILE }],
    ]),
  );
  return Buffer.from(zipSync(entries));
}
