import type { DatabaseSync } from "node:sqlite";
import { Statements } from "../../kernel/statements.ts";
import { inTransaction } from "../../kernel/transaction.ts";
import { fromRow, type ObjectRow, type ObjectVersion } from "./object-version.ts";

/** Where a page of a listing starts: after this generation of this name. */
export interface Position {
  readonly name: string;
  readonly generation: number;
}

/** Objects as rows. Names sort by their UTF-8 bytes, as in Google's listings. */
export class ObjectTable {
  readonly #db: DatabaseSync;
  readonly #statements: Statements;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#statements = new Statements(db);
    db.exec(`
      CREATE TABLE IF NOT EXISTS storage_objects (
        bucket TEXT NOT NULL, name TEXT NOT NULL, generation INTEGER NOT NULL, metageneration INTEGER NOT NULL,
        sha256 TEXT NOT NULL, size INTEGER NOT NULL, md5_hash TEXT NOT NULL, crc32c TEXT NOT NULL,
        attributes TEXT NOT NULL, time_created TEXT NOT NULL, updated TEXT NOT NULL, time_deleted TEXT,
        PRIMARY KEY (bucket, name, generation)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS storage_objects_by_bytes ON storage_objects (sha256);
      CREATE TABLE IF NOT EXISTS storage_clock (one INTEGER PRIMARY KEY CHECK (one = 1), generation INTEGER NOT NULL) STRICT;
      INSERT OR IGNORE INTO storage_clock VALUES (1, 0);
    `);
  }

  /** All of `change` or nothing of it, also inside another's transaction. */
  atomically<T>(change: () => T): T {
    return inTransaction(this.#db, change);
  }

  /** Microseconds, as Google's look; above every one given out before, whatever the machine's clock does. */
  nextGeneration(): number {
    const row = this.#statements
      .of("UPDATE storage_clock SET generation = max(generation + 1, ?) RETURNING generation")
      .get(Date.now() * 1000);
    return (row as { generation: number }).generation;
  }

  /** The live generation unless another is asked for. */
  find(bucket: string, name: string, generation?: number): ObjectVersion | undefined {
    const row =
      generation === undefined
        ? this.#statements
            .of("SELECT * FROM storage_objects WHERE bucket = ? AND name = ? AND time_deleted IS NULL")
            .get(bucket, name)
        : this.#statements
            .of("SELECT * FROM storage_objects WHERE bucket = ? AND name = ? AND generation = ?")
            .get(bucket, name, generation);
    return row && fromRow(row as unknown as ObjectRow);
  }

  put(version: ObjectVersion): void {
    this.#statements
      .of("INSERT OR REPLACE INTO storage_objects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .run(
        version.bucket,
        version.name,
        Number(version.generation),
        Number(version.metageneration),
        version.sha256,
        version.size,
        version.md5Hash,
        version.crc32c,
        JSON.stringify(version.attributes),
        version.timeCreated,
        version.updated,
        version.timeDeleted ?? null,
      );
  }

  delete({ bucket, name, generation }: ObjectVersion): void {
    this.#statements
      .of("DELETE FROM storage_objects WHERE bucket = ? AND name = ? AND generation = ?")
      .run(bucket, name, Number(generation));
  }

  /** At most `limit` in order of name and generation, from after `after`, with names below `before`. */
  page(
    bucket: string,
    range: { after: Position; before: string | undefined; withNoncurrent: boolean; limit: number },
  ): ObjectVersion[] {
    const { after, before, withNoncurrent, limit } = range;
    return this.#statements
      .of(
        // As two texts: SQLite searches up to a bound only where the text has one.
        `SELECT * FROM storage_objects
         WHERE bucket = :bucket AND (name, generation) > (:name, :generation)
           ${before === undefined ? "" : "AND name < :before"} AND (:all OR time_deleted IS NULL)
         ORDER BY name, generation LIMIT :limit`,
      )
      .all({
        bucket,
        name: after.name,
        generation: after.generation,
        ...(before !== undefined && { before }),
        all: Number(withNoncurrent),
        limit,
      })
      .map((row) => fromRow(row as unknown as ObjectRow));
  }

  /** How many generations of the same name are newer. */
  countNewer({ bucket, name, generation }: ObjectVersion): number {
    const row = this.#statements
      .of("SELECT count(*) AS newer FROM storage_objects WHERE bucket = ? AND name = ? AND generation > ?")
      .get(bucket, name, Number(generation));
    return Number(row?.newer);
  }

  /** Whether any generation was made after `time`, RFC 3339. */
  hasNewer(bucket: string, time: string): boolean {
    const row = this.#statements
      .of("SELECT 1 FROM storage_objects WHERE bucket = ? AND time_created > ? LIMIT 1")
      .get(bucket, time);
    return row !== undefined;
  }

  isReferenced(sha256: string): boolean {
    return (
      this.#statements.of("SELECT 1 FROM storage_objects WHERE sha256 = ? LIMIT 1").get(sha256) !== undefined
    );
  }

  isEmpty(bucket: string): boolean {
    return (
      this.#statements.of("SELECT 1 FROM storage_objects WHERE bucket = ? LIMIT 1").get(bucket) === undefined
    );
  }

  /** Deletes every generation of every object, and returns what they held. */
  clear(bucket: string): readonly Pick<ObjectVersion, "sha256" | "size">[] {
    return this.#statements
      .of("DELETE FROM storage_objects WHERE bucket = ? RETURNING sha256, size")
      .all(bucket)
      .map(({ sha256, size }) => ({ sha256: String(sha256), size: Number(size) }));
  }
}
