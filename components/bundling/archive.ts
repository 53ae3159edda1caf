import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

const BLOCK_BYTES = 512;
const STORED_BLOCK_BYTES = 65_535;
/** 1970 means "not set" to no reader, and differs nowhere. */
const MODIFIED_AT = 0;

export interface ArchiveFile {
  /** At most 100 bytes of ASCII, without a folder. */
  readonly name: string;
  readonly bytes: Buffer;
}

/**
 * A `tar.gz` whose bytes depend on names and contents alone: fixed times, owners and order,
 * and stored (uncompressed) gzip blocks laid out here, because zlib's output differs between
 * versions and platforms. Cloud Run wants the format; the size is the network's to compress.
 */
export function tarGz(files: readonly ArchiveFile[]): Buffer {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  const blocks = sorted.flatMap(({ name, bytes }) => [
    header(name, bytes.length),
    bytes,
    padding(bytes.length),
  ]);
  return gzipStored(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]));
}

export function sha256(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A POSIX ustar header. @see IEEE Std 1003.1, pax, "ustar Interchange Format" */
function header(name: string, size: number): Buffer {
  if (!/^[\x21-\x7e]{1,100}$/.test(name) || name.includes("/")) {
    throw new RangeError(
      `Archive: a file's name must be 1 to 100 printable ASCII characters without "/"; got "${name}".`,
    );
  }
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(name, 0, "ascii");
  block.write(octal(0o644, 8), 100, "ascii");
  block.write(octal(0, 8), 108, "ascii");
  block.write(octal(0, 8), 116, "ascii");
  block.write(octal(size, 12), 124, "ascii");
  block.write(octal(MODIFIED_AT, 12), 136, "ascii");
  block.write("        ", 148, "ascii");
  block.write("0", 156, "ascii");
  block.write("ustar\u000000", 257, "ascii");
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${checksum.toString(8).padStart(6, "0")}\u0000 `, 148, "ascii");
  return block;
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, "0")}\u0000`;
}

function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);
}

/** @see RFC 1952 (gzip), RFC 1951 section 3.2.4 (stored blocks) */
function gzipStored(bytes: Buffer): Buffer {
  // Magic, deflate, no flags, no time, no hints, and 255 for "operating system unknown".
  const parts: Buffer[] = [Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])];
  for (let start = 0; start < bytes.length; start += STORED_BLOCK_BYTES) {
    const block = bytes.subarray(start, start + STORED_BLOCK_BYTES);
    const isLast = start + STORED_BLOCK_BYTES >= bytes.length;
    const head = Buffer.alloc(5);
    head.writeUInt8(isLast ? 1 : 0, 0);
    head.writeUInt16LE(block.length, 1);
    head.writeUInt16LE(~block.length & 0xffff, 3);
    parts.push(head, block);
  }
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(crc32(bytes), 0);
  tail.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([...parts, tail]);
}
