import { Crc32c } from "../../kernel/crc32c.ts";
import { RpcRefusal } from "../google/rpc-refusal.ts";

/** A field of bytes in a request to KMS, checked against the checksum that may come with it. */
export interface CheckedBytes {
  readonly bytes: Buffer;
  /** A checksum came, and was right. */
  readonly isVerified: boolean;
}

/**
 * Reads `field` (base64, of either alphabet) and `fieldCrc32c` (an int64: a string or a number).
 *
 * @throws {RpcRefusal} INVALID_ARGUMENT naming the field.
 */
export function readCheckedBytes(
  body: Readonly<Record<string, unknown>>,
  field: string,
  maxBytes: number,
): CheckedBytes {
  const value = body[field] ?? "";
  if (typeof value !== "string" || !/^[\w+/-]*={0,2}$/.test(value)) throw invalid(`${field} must be base64.`);
  const bytes = Buffer.from(value, "base64");
  if (bytes.length > maxBytes)
    throw invalid(`${field} must be at most ${maxBytes} bytes; got ${bytes.length}.`);
  const checksum = body[`${field}Crc32c`];
  if (checksum === undefined || checksum === null) return { bytes, isVerified: false };
  if (String(checksum) !== crc32c(bytes)) {
    throw invalid(
      `The checksum in ${field}Crc32c did not match the data in ${field}; got ${String(checksum).slice(0, 40)}.`,
    );
  }
  return { bytes, isVerified: true };
}

/** As a decimal int64, which JSON carries as a string. The library's number is signed, Google's is not. */
export function crc32c(bytes: Buffer): string {
  const checksum = new Crc32c();
  checksum.update(bytes);
  return String(checksum.valueOf() >>> 0);
}

function invalid(message: string): RpcRefusal {
  return new RpcRefusal("INVALID_ARGUMENT", message);
}
