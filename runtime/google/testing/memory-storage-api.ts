import type { Clock } from "../../workload/clock.ts";
import type { HttpReply, OutgoingRequest } from "../../workload/send-request.ts";
import { crc32cText } from "../crc32c.ts";
import { MemoryObjectStore } from "./memory-object-store.ts";

/** Google takes one write a second for an object name. */
const WRITE_INTERVAL_MS = 1_000;
/** Names whose last write is remembered; beyond it, the oldest is too old to matter. */
const REMEMBERED_WRITES = 10_000;

interface Description {
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly crc32c: string;
}

/** Storage's JSON API over buckets in memory, as far as our client speaks it, with its limit of writes. */
export class MemoryStorageApi {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, MemoryObjectStore>();
  readonly #written = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  bucket(name: string): MemoryObjectStore {
    const found = this.#buckets.get(name) ?? new MemoryObjectStore(this.#clock.now);
    this.#buckets.set(name, found);
    return found;
  }

  /** A transport's. */
  async send(target: string | URL, { method, body = "" }: OutgoingRequest): Promise<HttpReply> {
    const url = new URL(target);
    const [, bucketName = "", encoded = ""] = /\/b\/([^/]+)\/o\/?(.*)$/.exec(url.pathname) ?? [];
    const bucket = this.bucket(decodeURIComponent(bucketName));
    const name = url.searchParams.get("name") ?? decodeURIComponent(encoded);
    const generation = url.searchParams.get("ifGenerationMatch");
    if (method === "POST") return this.#write(bucketName, bucket, name, generation, Buffer.from(body));
    if (method === "DELETE") {
      const outcome = await bucket.remove(name, generation ?? undefined);
      if (outcome === "removed") return reply(204);
      return outcome === "absent" ? refused(404) : refused(412);
    }
    if (encoded === "") return this.#list(bucket, url.searchParams);
    const found = await bucket.read(name);
    if (!found) return refused(404);
    const hash = `crc32c=${crc32cText(found.bytes)}`;
    return reply(200, found.bytes, { "x-goog-generation": found.generation, "x-goog-hash": hash });
  }

  async #list(bucket: MemoryObjectStore, query: URLSearchParams): Promise<HttpReply> {
    const token = query.get("pageToken");
    const pageToken = token === null ? undefined : Buffer.from(token, "base64").toString("utf8");
    const page = await bucket.list({
      prefix: query.get("prefix") ?? "",
      pageSize: Number(query.get("maxResults")),
      ...(pageToken !== undefined && { pageToken }),
    });
    const next = page.nextPageToken && Buffer.from(page.nextPageToken).toString("base64");
    return json({ items: page.objects, ...(next && { nextPageToken: next }) });
  }

  async #write(
    bucketName: string,
    bucket: MemoryObjectStore,
    name: string,
    generation: string | null,
    body: Buffer,
  ): Promise<HttpReply> {
    const { description, bytes } = partsOf(body);
    if (description.crc32c !== crc32cText(bytes)) return refused(400);
    const found = await bucket.read(name);
    if (generation !== null && (found?.generation ?? "0") !== generation) {
      return found === undefined ? refused(404) : refused(412);
    }
    if (this.#isTooSoon(`${bucketName}/${name}`)) return refused(429);
    if (found) await bucket.replace(name, bytes, found.generation, description);
    else await bucket.create(name, bytes, description);
    return json({ generation: (await bucket.read(name))?.generation });
  }

  #isTooSoon(name: string): boolean {
    const now = this.#clock.monotonicMs();
    if (now - (this.#written.get(name) ?? Number.NEGATIVE_INFINITY) < WRITE_INTERVAL_MS) return true;
    this.#written.delete(name);
    this.#written.set(name, now);
    const [oldest] = this.#written.keys();
    if (this.#written.size > REMEMBERED_WRITES && oldest !== undefined) this.#written.delete(oldest);
    return false;
  }
}

/** Of `multipart/related`: a description, then the bytes. */
function partsOf(body: Buffer): { readonly description: Description; readonly bytes: Buffer } {
  const boundary = body.subarray(0, body.indexOf("\r\n"));
  const second = body.indexOf(boundary, boundary.length);
  const contentOf = (part: Buffer) => part.subarray(part.indexOf("\r\n\r\n") + 4);
  const end = body.lastIndexOf(Buffer.concat([Buffer.from("\r\n"), boundary]));
  const description = contentOf(body.subarray(0, second)).toString("utf8");
  return { description: JSON.parse(description), bytes: contentOf(body.subarray(second, end)) };
}

function json(value: object): HttpReply {
  return reply(200, Buffer.from(JSON.stringify(value)), { "content-type": "application/json" });
}

function refused(code: number): HttpReply {
  const body = JSON.stringify({ error: { code, message: `refused with ${code}` } });
  return reply(code, Buffer.from(body), { "content-type": "application/json" });
}

function reply(
  status: number,
  body: Buffer = Buffer.alloc(0),
  headers: HttpReply["headers"] = {},
): HttpReply {
  return { status, headers, body };
}
