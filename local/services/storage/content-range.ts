import { invalid } from "./storage-refusal.ts";

/** Chunks that aren't an upload's last have whole multiples of this, as at Google. */
const CHUNK_BYTES = 256 * 1024;

/** What a PUT to a resumable upload brings. */
export interface UploadChunk {
  /** Absent: none, the request asks how far the upload has come. */
  readonly start: number | undefined;
  /** How many bytes the chunk says it has; absent: all that come. */
  readonly length: number | undefined;
  /** How many the whole upload has; absent: not known yet. */
  readonly total: number | undefined;
  /** No bytes follow this chunk. */
  readonly isLast: boolean;
}

/**
 * @throws {StorageRefusal} 400 for what is no range, or a chunk of a size that only a last one may have.
 * @see https://cloud.google.com/storage/docs/performing-resumable-uploads#chunked-upload
 */
export function readContentRange(header: string | undefined): UploadChunk {
  if (header === undefined) return { start: 0, length: undefined, total: undefined, isLast: true };
  const query = /^bytes \*\/(\d{1,15}|\*)$/.exec(header);
  if (query) return { start: undefined, length: undefined, total: known(query[1]), isLast: false };

  const range = /^bytes (\d{1,15})-(\d{1,15}|\*)\/(\d{1,15}|\*)$/.exec(header);
  const start = Number(range?.[1]);
  const end = known(range?.[2]);
  const total = known(range?.[3]);
  const length = end === undefined ? undefined : end - start + 1;
  const isLast = end === undefined || end + 1 === total;
  if (
    !range ||
    (length !== undefined && length < 1) ||
    (total !== undefined && (end ?? start - 1) >= total)
  ) {
    throw invalid(
      `Content-Range must be "bytes FIRST-LAST/TOTAL" or "bytes */TOTAL"; got "${header.slice(0, 100)}".`,
    );
  }
  if (!isLast && length !== undefined && length % CHUNK_BYTES !== 0) {
    throw invalid(
      `A chunk that is not the last must have a multiple of ${CHUNK_BYTES} bytes; got ${length}.`,
    );
  }
  return { start, length, total, isLast };
}

function known(value: string | undefined): number | undefined {
  return value === undefined || value === "*" ? undefined : Number(value);
}
