import type { ListOptions, ObjectPage, ObjectStore, ReadObject, WriteOptions } from "../object-store.ts";

interface Entry extends ReadObject {
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly updated: string;
}

/** A bucket in memory with Storage's preconditions, order and paging, for tests of what stands on it. */
export class MemoryObjectStore implements ObjectStore {
  readonly #entries = new Map<string, Entry>();
  #generation = 0;

  /** Names in order: what a test looks at. */
  get names(): readonly string[] {
    return [...this.#entries.keys()].sort();
  }

  async read(name: string): Promise<ReadObject | undefined> {
    const entry = this.#entries.get(name);
    return entry && { bytes: Buffer.from(entry.bytes), generation: entry.generation };
  }

  async create(name: string, bytes: Uint8Array | string, options?: WriteOptions) {
    if (this.#entries.has(name)) return "exists";
    this.#put(name, bytes, options);
    return "created";
  }

  async replace(name: string, bytes: Uint8Array | string, generation: string, options?: WriteOptions) {
    if (this.#entries.get(name)?.generation !== generation) return "changed";
    this.#put(name, bytes, options);
    return "replaced";
  }

  async remove(name: string, generation?: string) {
    const entry = this.#entries.get(name);
    if (entry === undefined) return "absent";
    if (generation !== undefined && entry.generation !== generation) return "changed";
    this.#entries.delete(name);
    return "removed";
  }

  async list({ prefix, pageSize, pageToken = "" }: ListOptions): Promise<ObjectPage> {
    const matching = this.names.filter((name) => name.startsWith(prefix) && name > pageToken);
    const page = matching.slice(0, pageSize);
    const last = page.at(-1);
    return {
      objects: page.flatMap((name) => {
        const entry = this.#entries.get(name);
        return entry
          ? [{ name, generation: entry.generation, metadata: entry.metadata, updated: entry.updated }]
          : [];
      }),
      ...(matching.length > page.length && last !== undefined && { nextPageToken: last }),
    };
  }

  #put(
    name: string,
    bytes: Uint8Array | string,
    { contentType = "application/json", metadata = {} }: WriteOptions = {},
  ) {
    this.#generation++;
    this.#entries.set(name, {
      bytes: Buffer.from(bytes),
      generation: String(this.#generation),
      contentType,
      metadata: { ...metadata },
      updated: new Date().toISOString(),
    });
  }
}
