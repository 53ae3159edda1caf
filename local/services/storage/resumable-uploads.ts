import type { BucketSettings } from "./bucket-settings.ts";
import { readContentRange, type UploadChunk } from "./content-range.ts";
import { checkContent } from "./digests.ts";
import { readChecksumHeaders } from "./object-uploads.ts";
import type { StorageCall } from "./storage-call.ts";
import { invalid, StorageRefusal } from "./storage-refusal.ts";
import type { UploadSession } from "./upload-sessions.ts";

/** What Google answers to a cancelled upload. */
const CLIENT_CLOSED_REQUEST = 499;
const RESUME_INCOMPLETE = 308;

/** `PUT` to the address of a resumable upload: a chunk, the end, or a question how far it has come. */
export async function continueUpload(call: StorageCall, bucketName: string): Promise<void> {
  const { sessions } = call.deps;
  const { id } = requireSession(call, bucketName);
  await sessions.exclusively(id, async () => {
    const session = requireSession(call, bucketName);
    const bucket = call.bucket(bucketName);
    if (session.generation !== undefined) return answerFinished(call, session, bucket);

    const chunk = readContentRange(call.header("content-range"));
    if (chunk.total !== undefined) agreeOnTotal(call, session, chunk.total);
    if (chunk.start !== undefined) await receive(call, session, chunk, chunk.start);

    const received = sessions.received(id);
    const total = chunk.total ?? session.total;
    const isQuestion = chunk.start === undefined && chunk.total === undefined;
    const isComplete = !isQuestion && (total === undefined ? chunk.isLast : received === total);
    if (!isComplete) return answerIncomplete(call, received);
    // Before the bytes are shared, so that nobody adds to them.
    sessions.setTotal(id, received);
    await finish(call, session, bucket);
  });
}

/** `DELETE` of the same address. */
export async function cancelUpload(call: StorageCall, bucketName: string): Promise<void> {
  const { id } = requireSession(call, bucketName);
  await call.deps.sessions.exclusively(id, async () => call.deps.sessions.cancel(id));
  call.response.writeHead(CLIENT_CLOSED_REQUEST, { "Content-Length": 0 }).end();
}

function requireSession(call: StorageCall, bucketName: string): UploadSession {
  call.accept("uploadType", "upload_id");
  const session = call.deps.sessions.find(call.query.get("upload_id") ?? "");
  if (session?.bucket !== bucketName)
    throw new StorageRefusal(404, "notFound", "No such upload, or it has expired.");
  return session;
}

function agreeOnTotal(call: StorageCall, session: UploadSession, total: number): void {
  if (session.total !== undefined && session.total !== total) {
    throw invalid(`The upload must have ${session.total} bytes, as it said; got a total of ${total}.`);
  }
  call.deps.sessions.setTotal(session.id, total);
}

async function receive(
  call: StorageCall,
  session: UploadSession,
  chunk: UploadChunk,
  start: number,
): Promise<void> {
  const { sessions } = call.deps;
  const total = chunk.total ?? session.total;
  const came = await sessions.append({ ...session, total }, start, call.body());
  if (chunk.length !== undefined && came !== chunk.length) {
    throw invalid(`The chunk must have ${chunk.length} bytes, as its Content-Range says; got ${came}.`);
  }
}

async function finish(call: StorageCall, session: UploadSession, bucket: BucketSettings): Promise<void> {
  const { bytes, ledger, sessions, kernel } = call.deps;
  const { id, name, attributes, preconditions, email } = session;
  try {
    using staged = await bytes.adopt(sessions.path(id));
    checkContent(staged.content, { ...session.checksums, ...readChecksumHeaders(call) });
    const created = ledger.create({
      bucket,
      name,
      attributes,
      preconditions,
      content: staged.content,
      authorizeReplacement: () =>
        kernel.iam.require({ email }, "storage.objects.delete", `buckets/${bucket.name}`),
    });
    sessions.finish(id, created.generation);
    call.answerObject(created, bucket);
  } catch (error) {
    // After too many writes the client may come again, with nothing left to send.
    if (error instanceof StorageRefusal && error.code !== 429) sessions.cancel(id);
    throw error;
  }
}

/** A client that missed the last answer asks again. */
function answerFinished(call: StorageCall, session: UploadSession, bucket: BucketSettings): void {
  const created = call.deps.table.find(bucket.name, session.name, Number(session.generation));
  if (!created) throw new StorageRefusal(410, "gone", "The uploaded object has been deleted or replaced.");
  call.answerObject(created, bucket);
}

function answerIncomplete(call: StorageCall, received: number): void {
  call.response
    .writeHead(RESUME_INCOMPLETE, {
      ...(received > 0 && { Range: `bytes=0-${received - 1}` }),
      "X-GUploader-UploadID": call.query.get("upload_id") ?? "",
      "Content-Length": 0,
    })
    .end();
}
