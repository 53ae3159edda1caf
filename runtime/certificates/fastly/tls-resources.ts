import * as z from "zod";
import type { FastlyApi } from "./fastly-api.ts";

const PAGE_SIZE = 100;
/** Filters keep a listing short. One with more pages says that a filter does not work, which must not go unnoticed. */
const MAX_PAGES = 50;

const JSON_API = "application/vnd.api+json";

const relationSchema = z.object({
  data: z.union([z.object({ id: z.string() }), z.array(z.unknown()), z.null()]),
});

const resourceSchema = z.object({
  id: z.string(),
  attributes: z.object({ name: z.string().nullish(), serial_number: z.string().nullish() }).optional(),
  relationships: z.record(z.string(), relationSchema.partial()).optional(),
});
const documentSchema = z.object({ data: resourceSchema });
const pageSchema = z.object({
  data: z.array(resourceSchema),
  meta: z.object({ total_pages: z.number().int().optional() }).optional(),
});

/** A key, certificate or activation as Fastly shows it. */
export interface TlsResource {
  readonly id: string;
  readonly name: string | undefined;
  /** Of a certificate. */
  readonly serial: string | undefined;
  /** The id of what each to-one relationship points at. */
  readonly related: Readonly<Record<string, string>>;
}

type Collection = "private_keys" | "certificates" | "activations";

/** Fastly's TLS resources in JSON:API: reading, listing in pages, creating, changing, removing. */
export class TlsResources {
  readonly #api: FastlyApi;

  constructor(api: FastlyApi) {
    this.#api = api;
  }

  async list(
    collection: Collection,
    filters: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<readonly TlsResource[]> {
    const found: TlsResource[] = [];
    for (let page = 1; page <= MAX_PAGES; page++) {
      const { body } = await this.#api.request("GET", `/tls/${collection}`, {
        query: { ...filters, "page[number]": String(page), "page[size]": String(PAGE_SIZE) },
        mediaType: JSON_API,
        signal,
      });
      const { data, meta } = pageSchema.parse(body);
      found.push(...data.map(resource));
      // Fastly may give smaller pages than asked for, so its own count is what ends the list.
      const isLast = meta?.total_pages === undefined ? data.length < PAGE_SIZE : page >= meta.total_pages;
      if (isLast) return found;
    }
    throw new Error(
      `Fastly /tls/${collection} must fit ${MAX_PAGES * PAGE_SIZE} entries under ${JSON.stringify(filters)}; got more.`,
    );
  }

  async create(
    collection: Collection,
    data: Readonly<Record<string, unknown>>,
    signal?: AbortSignal,
  ): Promise<TlsResource> {
    const { body } = await this.#api.request("POST", `/tls/${collection}`, {
      body: { data },
      mediaType: JSON_API,
      signal,
    });
    return resource(documentSchema.parse(body).data);
  }

  async change(
    collection: Collection,
    id: string,
    data: Readonly<Record<string, unknown>>,
    signal?: AbortSignal,
  ): Promise<void> {
    const path = `/tls/${collection}/${encodeURIComponent(id)}`;
    await this.#api.request("PATCH", path, { body: { data: { id, ...data } }, mediaType: JSON_API, signal });
  }

  /** Removing what is gone is done already. */
  async remove(collection: Collection, id: string, signal?: AbortSignal): Promise<void> {
    const path = `/tls/${collection}/${encodeURIComponent(id)}`;
    await this.#api.request("DELETE", path, { mediaType: JSON_API, signal });
  }
}

function resource({ id, attributes, relationships = {} }: z.output<typeof resourceSchema>): TlsResource {
  const related: Record<string, string> = {};
  for (const [relation, { data }] of Object.entries(relationships)) {
    if (data && !Array.isArray(data)) related[relation] = data.id;
  }
  const { name, serial_number: serial } = attributes ?? {};
  return { id, name: name ?? undefined, serial: serial ?? undefined, related };
}
