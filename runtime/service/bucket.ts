import { type Bucket, CRC32C, type File, Storage } from "@google-cloud/storage";
import { retrying } from "./deadline.ts";
import {
  type ListOptions,
  type ObjectPage,
  type ObjectStore,
  ObjectStoreError,
  type ReadObject,
  statusOf,
  type WriteOptions,
} from "./object-store.ts";
import { codeOf } from "./thrown.ts";

/** All attempts of one call together: room for the rate limit of one name, well within a push's deadline. */
const DEADLINE_MS = 20_000;
const ATTEMPT_MS = 8_000;
const PAUSE_MS = 150;
/** Over a second, so that a crowd on one name finds its turns. */
const MAX_PAUSE_MS = 2_500;
const PRECONDITION_FAILED = 412;
const NOT_FOUND = 404;
const TRANSIENT_STATUSES = new Set([408, 429, 500, 502, 503, 504]);
const TRANSIENT_CODES = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "EPIPE",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "ERR_STREAM_PREMATURE_CLOSE",
  "CONTENT_DOWNLOAD_MISMATCH",
]);

/** Opens a bucket of Google Cloud Storage. Under `STORAGE_EMULATOR_HOST` the client asks for no credentials. */
export function openBucket(bucket: string): ObjectStore {
  // The client's own retries do not end by a deadline and know no lost replies.
  const storage = new Storage({ retryOptions: { autoRetry: false }, timeout: ATTEMPT_MS });
  return new BucketObjectStore(storage.bucket(bucket));
}

class BucketObjectStore implements ObjectStore {
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  read(name: string): Promise<ReadObject | undefined> {
    return this.#call("read", name, async () => {
      try {
        return await download(this.#bucket.file(name));
      } catch (error) {
        if (statusOf(error) === NOT_FOUND) return undefined;
        throw error;
      }
    });
  }

  async create(name: string, bytes: Uint8Array | string, options: WriteOptions = {}) {
    return (await this.#write("create", name, bytes, "0", options)) ? "created" : "exists";
  }

  async replace(name: string, bytes: Uint8Array | string, generation: string, options: WriteOptions = {}) {
    return (await this.#write("replace", name, bytes, generation, options)) ? "replaced" : "changed";
  }

  remove(name: string, generation?: string): Promise<"removed" | "absent" | "changed"> {
    return this.#call("remove", name, async (attempt) => {
      try {
        await this.#bucket
          .file(name)
          .delete(generation === undefined ? {} : { ifGenerationMatch: generation });
        return "removed";
      } catch (error) {
        if (statusOf(error) === PRECONDITION_FAILED) return "changed";
        // After an attempt without a reply, absence is what this call wanted and most likely made.
        if (statusOf(error) === NOT_FOUND) return attempt === 1 ? "absent" : "removed";
        throw error;
      }
    });
  }

  list({ prefix, pageSize, pageToken }: ListOptions): Promise<ObjectPage> {
    return this.#call("list", `${prefix}*`, async () => {
      const [files, next] = await this.#bucket.getFiles({
        autoPaginate: false,
        prefix,
        maxResults: pageSize,
        ...(pageToken !== undefined && { pageToken }),
      });
      const nextPageToken = (next as { pageToken?: string } | null | undefined)?.pageToken;
      const objects = files.map(({ name, metadata }) => ({
        name,
        generation: String(metadata.generation),
        metadata: Object.fromEntries(
          Object.entries(metadata.metadata ?? {}).map(([key, value]) => [key, String(value)]),
        ),
        updated: String(metadata.updated),
      }));
      return { objects, ...(nextPageToken !== undefined && { nextPageToken }) };
    });
  }

  /** @returns whether the bytes are in place by this call's doing. */
  #write(
    operation: string,
    name: string,
    bytes: Uint8Array | string,
    ifGenerationMatch: string,
    { contentType = "application/json", metadata = {} }: WriteOptions,
  ): Promise<boolean> {
    const data = Buffer.from(bytes);
    const crc32c = new CRC32C();
    crc32c.update(data);
    return this.#call(operation, name, async (attempt) => {
      try {
        await this.#bucket.file(name).save(data, {
          resumable: false,
          contentType,
          // Storage itself refuses damaged bytes. The client's own check comes after the write, and
          // deletes what it doubts: another's object, if one has taken its place.
          validation: false,
          metadata: { crc32c: crc32c.toString(), metadata: { ...metadata } },
          preconditionOpts: { ifGenerationMatch },
          timeout: ATTEMPT_MS,
        });
        return true;
      } catch (error) {
        const status = statusOf(error);
        // A generation that is no more: Google answers 412, and 404 where nothing took its place.
        if (status !== PRECONDITION_FAILED && status !== NOT_FOUND) throw error;
        if (attempt === 1) return false;
        return (await this.read(name))?.bytes.equals(data) ?? false;
      }
    });
  }

  async #call<T>(operation: string, name: string, attempt: (number: number) => Promise<T>): Promise<T> {
    const object = `gs://${this.#bucket.name}/${name}`;
    try {
      return await retrying(
        {
          what: `To ${operation} ${object}`,
          deadlineMs: DEADLINE_MS,
          attemptMs: ATTEMPT_MS,
          pauseMs: PAUSE_MS,
          maxPauseMs: MAX_PAUSE_MS,
          isTransient,
        },
        attempt,
      );
    } catch (error) {
      throw error instanceof ObjectStoreError ? error : new ObjectStoreError(operation, object, error);
    }
  }
}

/** One request for bytes and generation: two could see two generations. */
async function download(file: File): Promise<ReadObject> {
  const stream = file.createReadStream();
  let generation: string | undefined;
  stream.on("response", (response: { headers: Readonly<Record<string, unknown>> }) => {
    const header = response.headers["x-goog-generation"];
    if (typeof header === "string") generation = header;
  });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  if (generation === undefined) throw new Error("the answer has no x-goog-generation");
  return { bytes: Buffer.concat(chunks), generation };
}

function isTransient(error: unknown): boolean {
  const status = statusOf(error);
  if (status !== undefined) return TRANSIENT_STATUSES.has(status);
  return TRANSIENT_CODES.has(codeOf(error) ?? "");
}
