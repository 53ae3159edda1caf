import { EventEmitter } from "node:events";
import type { DatabaseSync } from "node:sqlite";
import type { CloudResource, ResourceStore as ResourceStoreContract } from "./contract.ts";

interface Row {
  readonly kind: string;
  readonly id: string;
  readonly urn: string;
  readonly properties: string;
}

/** Resources in memory for the data planes to read at every request, and in SQLite to outlive the process. */
export class ResourceStore implements ResourceStoreContract {
  readonly #db: DatabaseSync;
  readonly #kinds = new Map<string, Map<string, CloudResource>>();
  readonly #changes = new EventEmitter().setMaxListeners(64);

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec(
      "CREATE TABLE IF NOT EXISTS resources (kind TEXT, id TEXT, urn TEXT NOT NULL, properties TEXT NOT NULL, PRIMARY KEY (kind, id)) STRICT",
    );
    for (const row of db
      .prepare("SELECT kind, id, urn, properties FROM resources")
      .all() as unknown as Row[]) {
      this.#kind(row.kind).set(row.id, { ...row, properties: JSON.parse(row.properties) });
    }
  }

  get(kind: string, id: string): CloudResource | undefined {
    return this.#kinds.get(kind)?.get(id);
  }

  list(kind: string): readonly CloudResource[] {
    return [...(this.#kinds.get(kind)?.values() ?? [])];
  }

  put(resource: CloudResource): void {
    const { kind, id, urn, properties } = resource;
    this.#db
      .prepare("INSERT OR REPLACE INTO resources (kind, id, urn, properties) VALUES (?, ?, ?, ?)")
      .run(kind, id, urn, JSON.stringify(properties));
    this.#kind(kind).set(id, resource);
    this.#changes.emit("change", kind, id);
  }

  remove(kind: string, id: string): void {
    this.#db.prepare("DELETE FROM resources WHERE kind = ? AND id = ?").run(kind, id);
    const resource = this.get(kind, id);
    if (!resource) return;
    this.#kind(kind).delete(id);
    try {
      this.#changes.emit("change", kind, id);
    } catch (error) {
      // Who removes it again must find it, or those who have yet to let go of it would never be told.
      this.#kind(kind).set(id, resource);
      throw error;
    }
  }

  subscribe(listener: (kind: string, id: string) => void): () => void {
    this.#changes.on("change", listener);
    return () => this.#changes.off("change", listener);
  }

  #kind(kind: string): Map<string, CloudResource> {
    let resources = this.#kinds.get(kind);
    if (!resources) {
      resources = new Map();
      this.#kinds.set(kind, resources);
    }
    return resources;
  }
}
