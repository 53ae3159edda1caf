import type {
  ListedObject,
  ListOptions,
  ObjectPage,
  ObjectStore,
  ReadObject,
  WriteOptions,
} from "../object-store.ts";
import { SortedNames } from "./sorted-names.ts";

interface Entry extends ReadObject {
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly updated: string;
}

/** A bucket in memory with Storage's preconditions, order and paging, for tests of what stands on it. */
export class MemoryObjectStore implements ObjectStore {
  readonly #entries = new Map<string, Entry>();
  readonly #sorted = new SortedNames();
  readonly #now: () => Date;
  #generation = 0;

  constructor(now: () => Date = () => new Date()) {
    this.#now = now;
  }

  /** Names in order: what a test looks at. */
  get names(): readonly string[] {
    return [...this.#sorted.from("")];
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
    this.#sorted.delete(name);
    return "removed";
  }

  async list({ prefix, pageSize, pageToken = "" }: ListOptions): Promise<ObjectPage> {
    const objects: ListedObject[] = [];
    for (const name of this.#sorted.from(pageToken > prefix ? pageToken : prefix)) {
      if (!name.startsWith(prefix)) break;
      const entry = this.#entries.get(name);
      if (name === pageToken || entry === undefined) continue;
      const last = objects.at(-1)?.name;
      if (objects.length === pageSize && last !== undefined) return { objects, nextPageToken: last };
      const { generation, metadata, updated } = entry;
      objects.push({ name, generation, metadata, updated });
    }
    return { objects };
  }

  #put(
    name: string,
    bytes: Uint8Array | string,
    { contentType = "application/json", metadata = {} }: WriteOptions = {},
  ) {
    this.#generation++;
    if (!this.#entries.has(name)) this.#sorted.add(name);
    this.#entries.set(name, {
      bytes: Buffer.from(bytes),
      generation: String(this.#generation),
      contentType,
      metadata: { ...metadata },
      updated: this.#now().toISOString(),
    });
  }
}
