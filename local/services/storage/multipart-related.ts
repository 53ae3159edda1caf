import { invalid } from "./storage-refusal.ts";

/** Metadata and the headers of both parts, before the media. */
const MAX_HEAD_BYTES = 64 * 1024;
const MAX_BOUNDARY_BYTES = 70;

export interface MultipartUpload {
  readonly metadata: Buffer;
  /** Of the second part's own header. */
  readonly contentType: string | undefined;
  /** Ends at the closing boundary. Throws a 400 if the body ends before it. */
  readonly media: AsyncIterable<Buffer>;
}

/**
 * Reads `multipart/related` of exactly two parts, JSON and then media, without holding the media in memory.
 *
 * @throws {StorageRefusal} 400 for anything else.
 * @see https://www.rfc-editor.org/rfc/rfc2387
 */
export async function readMultipartRelated(
  body: AsyncIterator<Buffer>,
  contentType: string | undefined,
): Promise<MultipartUpload> {
  const boundary = readBoundary(contentType);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  // The first boundary has no line break before it.
  let pending: Buffer = Buffer.from("\r\n");

  async function take(end: Buffer | string): Promise<Buffer> {
    for (;;) {
      const at = pending.indexOf(end);
      if (at !== -1) {
        const taken = pending.subarray(0, at);
        pending = pending.subarray(at + end.length);
        return taken;
      }
      if (pending.length > MAX_HEAD_BYTES) {
        throw invalid(`The metadata of a multipart upload must be at most ${MAX_HEAD_BYTES} bytes.`);
      }
      const next = await body.next();
      if (next.done) throw malformed("it ends before its media starts");
      pending = Buffer.concat([pending, next.value]);
    }
  }

  await take(delimiter);
  await take("\r\n\r\n");
  const metadata = await take(delimiter);
  const headers = (await take("\r\n\r\n")).toString("latin1");
  return {
    metadata,
    contentType: /^content-type:[ \t]*(.+?)[ \t]*$/im.exec(headers)?.[1],
    media: readMedia(pending, body, delimiter),
  };
}

async function* readMedia(
  first: Buffer,
  body: AsyncIterator<Buffer>,
  delimiter: Buffer,
): AsyncGenerator<Buffer> {
  let pending = first;
  for (;;) {
    const at = pending.indexOf(delimiter);
    if (at !== -1) {
      yield pending.subarray(0, at);
      await expectEnd(pending.subarray(at + delimiter.length), body);
      return;
    }
    // The end of what is here may be the start of the delimiter.
    const safe = pending.length - delimiter.length + 1;
    if (safe > 0) {
      yield pending.subarray(0, safe);
      pending = pending.subarray(safe);
    }
    const next = await body.next();
    if (next.done) throw malformed("its closing boundary is missing");
    pending = Buffer.concat([pending, next.value]);
  }
}

async function expectEnd(rest: Buffer, body: AsyncIterator<Buffer>): Promise<void> {
  let pending = rest;
  for (let next = await body.next(); !next.done; next = await body.next()) {
    if (pending.length < 2) pending = Buffer.concat([pending, next.value]);
  }
  if (pending.subarray(0, 2).toString("latin1") !== "--") throw malformed("it has more than two parts");
}

function readBoundary(contentType: string | undefined): string {
  const match = /^multipart\/related\b.*?;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType ?? "");
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined || boundary.length > MAX_BOUNDARY_BYTES) {
    throw invalid(
      `Content-Type of a multipart upload must be multipart/related with a boundary of at most ${MAX_BOUNDARY_BYTES} characters; got "${contentType ?? ""}".`,
    );
  }
  return boundary;
}

function malformed(reason: string): Error {
  return invalid(`Malformed multipart body: ${reason}.`);
}
