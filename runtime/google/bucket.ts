import { randomUUID } from "node:crypto";
import type { Clock } from "../workload/clock.ts";
import { retrying } from "../workload/deadline.ts";
import type { Platform } from "../workload/platform.ts";
import type { HttpReply } from "../workload/send-request.ts";
import { traced } from "../workload/span.ts";
import { SYSTEM_TRANSPORT, type Transport } from "../workload/transport.ts";
import { type AccessTokens, openAccessTokens } from "./access-tokens.ts";
import { crc32cText } from "./crc32c.ts";
import { GoogleApi, isTransient } from "./google-api.ts";
import {
  type ListedObject,
  type ListOptions,
  type ObjectPage,
  type ObjectStore,
  ObjectStoreError,
  type ReadObject,
  statusOf,
  type WriteOptions,
} from "./object-store.ts";

/** All attempts of one call together: room for the rate limit of one name, well within a push's deadline. */
const DEADLINE_MS = 20_000;
const ATTEMPT_MS = 8_000;
const PAUSE_MS = 150;
/** Over a second, as Storage takes one write a second for a name: many writers of one name find their turns. */
const MAX_PAUSE_MS = 2_500;
const FORBIDDEN = 403;
const PRECONDITION_FAILED = 412;
const NOT_FOUND = 404;
/** The generation of what does not exist. */
const NEW = "0";

/** The bytes are not those that Storage sent. */
class DamagedDownload extends Error {
  readonly code = "DAMAGED_DOWNLOAD";
}

/** Opens buckets of Google Cloud Storage, by its JSON API. @see https://cloud.google.com/storage/docs/json_api */
export function openBuckets(
  { STORAGE_EMULATOR_HOST: emulator }: Pick<Platform, "STORAGE_EMULATOR_HOST">,
  transport: Transport = SYSTEM_TRANSPORT,
  tokens: AccessTokens = openAccessTokens(),
): (bucket: string) => ObjectStore {
  const api = new GoogleApi(
    emulator === undefined
      ? { endpoint: "https://storage.googleapis.com", tokens, transport }
      : { endpoint: emulator, transport },
  );
  return (bucket) => new BucketObjectStore(api, bucket, transport.clock);
}

class BucketObjectStore implements ObjectStore {
  readonly #api: GoogleApi;
  readonly #bucket: string;
  readonly #path: string;
  readonly #clock: Clock;

  constructor(api: GoogleApi, bucket: string, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
    this.#bucket = bucket;
    this.#path = `/storage/v1/b/${encodeURIComponent(bucket)}/o`;
  }

  read(name: string): Promise<ReadObject | undefined> {
    return this.#call("read", name, async () => {
      try {
        const path = `${this.#object(name)}?alt=media`;
        return downloaded(await this.#api.request(path, { method: "GET", deadlineMs: ATTEMPT_MS }));
      } catch (error) {
        if (statusOf(error) === NOT_FOUND) return undefined;
        throw error;
      }
    });
  }

  async create(name: string, bytes: Uint8Array | string, options: WriteOptions = {}) {
    return (await this.#write("create", name, bytes, NEW, options)) ? "created" : "exists";
  }

  async replace(name: string, bytes: Uint8Array | string, generation: string, options: WriteOptions = {}) {
    return (await this.#write("replace", name, bytes, generation, options)) ? "replaced" : "changed";
  }

  remove(name: string, generation?: string): Promise<"removed" | "absent" | "changed"> {
    const condition = generation === undefined ? "" : `?ifGenerationMatch=${encodeURIComponent(generation)}`;
    return this.#call("remove", name, async (attempt) => {
      try {
        const path = this.#object(name) + condition;
        await this.#api.request(path, { method: "DELETE", deadlineMs: ATTEMPT_MS });
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
    const query = new URLSearchParams({
      prefix,
      maxResults: String(pageSize),
      fields: "nextPageToken,items(name,generation,metadata,updated)",
      ...(pageToken !== undefined && { pageToken }),
    });
    return this.#call("list", `${prefix}*`, async () => {
      const path = `${this.#path}?${query}`;
      const { body } = await this.#api.request(path, { method: "GET", deadlineMs: ATTEMPT_MS });
      const { items = [], nextPageToken: next } = JSON.parse(body.toString("utf8")) as ListReply;
      const objects = items.map(({ metadata = {}, ...item }) => ({ ...item, metadata }));
      return { objects, ...(next !== undefined && { nextPageToken: next }) };
    });
  }

  /** @returns whether the bytes are in place by this call's doing. */
  #write(
    operation: string,
    name: string,
    bytes: Uint8Array | string,
    generation: string,
    { contentType = "application/json", metadata = {} }: WriteOptions,
  ): Promise<boolean> {
    const data = Buffer.from(bytes);
    const query = new URLSearchParams({
      uploadType: "multipart",
      name,
      ifGenerationMatch: generation,
      // Nothing of the answer is used, so it is kept short.
      fields: "generation",
    });
    // Storage refuses bytes that do not have this checksum.
    const description = { contentType, metadata, crc32c: crc32cText(data) };
    return this.#call(operation, name, async (attempt) => {
      try {
        const path = `/upload${this.#path}?${query}`;
        const { type, body } = multipart(JSON.stringify(description), contentType, data);
        const headers = { "content-type": type };
        await this.#api.request(path, { method: "POST", headers, body, deadlineMs: ATTEMPT_MS });
        return true;
      } catch (error) {
        const status = statusOf(error);
        if (status === FORBIDDEN && generation === NEW) {
          const found = await this.#standing(name);
          if (!found) throw error;
          return attempt > 1 && found.bytes.equals(data);
        }
        // A generation that is no more: Google answers 412, and 404 where nothing took its place.
        if (status !== PRECONDITION_FAILED && status !== NOT_FOUND) throw error;
        if (attempt === 1) return false;
        return (await this.read(name))?.bytes.equals(data) ?? false;
      }
    });
  }

  /**
   * The object that a creation was refused for with 403, if there is one. To write over an object takes
   * the permission to delete it, and Google may ask for that before it looks at the precondition: a
   * caller that may only add is then refused where others are told that the object exists.
   */
  async #standing(name: string): Promise<ReadObject | undefined> {
    try {
      return await this.read(name);
    } catch {
      return undefined;
    }
  }

  #object(name: string): string {
    return `${this.#path}/${encodeURIComponent(name)}`;
  }

  async #call<T>(operation: string, name: string, attempt: (number: number) => Promise<T>): Promise<T> {
    const object = `gs://${this.#bucket}/${name}`;
    try {
      const options = {
        what: `To ${operation} ${object}`,
        deadlineMs: DEADLINE_MS,
        attemptMs: ATTEMPT_MS,
        pauseMs: PAUSE_MS,
        maxPauseMs: MAX_PAUSE_MS,
        clock: this.#clock,
        isTransient: (error: unknown) => error instanceof DamagedDownload || isTransient(error),
      };
      return await traced(`Storage ${operation} ${name}`, () => retrying(options, attempt));
    } catch (error) {
      throw error instanceof ObjectStoreError ? error : new ObjectStoreError(operation, object, error);
    }
  }
}

interface ListReply {
  readonly items?: readonly (Omit<ListedObject, "metadata"> & Partial<Pick<ListedObject, "metadata">>)[];
  readonly nextPageToken?: string;
}

/** Bytes and generation come in one answer: two could be of two generations. */
function downloaded({ headers, body }: HttpReply): ReadObject {
  const { "x-goog-generation": generation, "x-goog-hash": hashes } = headers;
  if (typeof generation !== "string") throw new Error("the answer has no x-goog-generation");
  const expected = /\bcrc32c=([^,\s]+)/.exec(String(hashes))?.[1];
  if (expected !== undefined && expected !== crc32cText(body)) {
    throw new DamagedDownload(`the bytes do not have the checksum ${expected}`);
  }
  return { bytes: body, generation };
}

/** @see https://cloud.google.com/storage/docs/uploading-objects#rest-upload-objects */
function multipart(description: string, contentType: string, data: Buffer) {
  const boundary = randomUUID();
  const head =
    `--${boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n${description}\r\n` +
    `--${boundary}\r\ncontent-type: ${contentType}\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(head), data, Buffer.from(`\r\n--${boundary}--`)]);
  return { type: `multipart/related; boundary=${boundary}`, body };
}
