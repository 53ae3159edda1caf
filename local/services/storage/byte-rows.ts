import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Small bytes by their SHA-256, as rows beside those of the objects: a file for each costs ten times the rest of a write. */
export class ByteRows {
  readonly #all: StatementSync;
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #delete: StatementSync;

  constructor(db: DatabaseSync) {
    db.exec("CREATE TABLE IF NOT EXISTS storage_bytes (sha256 TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT");
    this.#all = db.prepare("SELECT sha256 FROM storage_bytes");
    this.#insert = db.prepare("INSERT OR IGNORE INTO storage_bytes (sha256, bytes) VALUES (?, ?)");
    this.#select = db.prepare("SELECT bytes FROM storage_bytes WHERE sha256 = ?");
    this.#delete = db.prepare("DELETE FROM storage_bytes WHERE sha256 = ?");
  }

  add(sha256: string, bytes: Buffer): void {
    this.#insert.run(sha256, bytes);
  }

  /** @throws if they are gone, which only a fault of the cloud itself can bring about. */
  get(sha256: string): Buffer {
    const found = this.#select.get(sha256);
    if (!found) throw new Error(`The bytes with the SHA-256 ${sha256} are gone.`);
    const bytes = found.bytes as Uint8Array;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  remove(sha256: string): void {
    this.#delete.run(sha256);
  }

  list(): readonly string[] {
    return this.#all.all().map(({ sha256 }) => String(sha256));
  }
}
