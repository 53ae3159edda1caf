import type { DatabaseSync } from "node:sqlite";
import { Statements } from "../../kernel/statements.ts";
import type { Position } from "./object-table.ts";
import { fromRow, type ObjectRow, type ObjectVersion } from "./object-version.ts";

/** A generation that is gone, and can still be had back. Times are RFC 3339. */
export interface SoftDeletedVersion extends ObjectVersion {
  readonly softDeleteTime: string;
  /** From then on it is gone for good. */
  readonly hardDeleteTime: string;
}

interface SoftDeletedRow extends ObjectRow {
  readonly soft_delete_time: string;
  readonly hard_delete_time: string;
}

/** Generations in soft deletion: a table of their own, so that they cost those that are there nothing. */
export class SoftDeletedTable {
  readonly #statements: Statements;

  constructor(db: DatabaseSync) {
    this.#statements = new Statements(db);
    db.exec(`
      CREATE TABLE IF NOT EXISTS storage_soft_deleted (
        bucket TEXT NOT NULL, name TEXT NOT NULL, generation INTEGER NOT NULL, metageneration INTEGER NOT NULL,
        sha256 TEXT NOT NULL, size INTEGER NOT NULL, md5_hash TEXT NOT NULL, crc32c TEXT NOT NULL,
        attributes TEXT NOT NULL, time_created TEXT NOT NULL, updated TEXT NOT NULL, time_deleted TEXT,
        soft_delete_time TEXT NOT NULL, hard_delete_time TEXT NOT NULL,
        PRIMARY KEY (bucket, name, generation)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS storage_soft_deleted_by_bytes ON storage_soft_deleted (sha256);
      CREATE INDEX IF NOT EXISTS storage_soft_deleted_by_end ON storage_soft_deleted (hard_delete_time);
    `);
  }

  /** Copies the generation's row from the table of those that are there. */
  take({ bucket, name, generation }: ObjectVersion, softDeleteTime: string, hardDeleteTime: string): void {
    this.#statements
      .of(
        `INSERT INTO storage_soft_deleted
         SELECT bucket, name, generation, metageneration, sha256, size, md5_hash, crc32c, attributes,
                time_created, updated, time_deleted, ?, ?
         FROM storage_objects WHERE bucket = ? AND name = ? AND generation = ?`,
      )
      .run(softDeleteTime, hardDeleteTime, bucket, name, Number(generation));
  }

  find(bucket: string, name: string, generation: number): SoftDeletedVersion | undefined {
    const row = this.#statements
      .of("SELECT * FROM storage_soft_deleted WHERE bucket = ? AND name = ? AND generation = ?")
      .get(bucket, name, generation);
    return row && toVersion(row);
  }

  /** As of `ObjectTable`. */
  page(
    bucket: string,
    { after, before, limit }: { after: Position; before: string | undefined; limit: number },
  ): SoftDeletedVersion[] {
    return this.#statements
      .of(
        `SELECT * FROM storage_soft_deleted
         WHERE bucket = :bucket AND (name, generation) > (:name, :generation)
           ${before === undefined ? "" : "AND name < :before"}
         ORDER BY name, generation LIMIT :limit`,
      )
      .all({ bucket, ...after, ...(before !== undefined && { before }), limit })
      .map(toVersion);
  }

  isReferenced(sha256: string): boolean {
    return (
      this.#statements.of("SELECT 1 FROM storage_soft_deleted WHERE sha256 = ? LIMIT 1").get(sha256) !==
      undefined
    );
  }

  /** Deletes for good what has come to its end by `time`, at most `limit`, and returns what that held. */
  expire(time: string, limit: number): readonly Pick<ObjectVersion, "sha256" | "size">[] {
    return this.#statements
      .of(
        `DELETE FROM storage_soft_deleted WHERE (bucket, name, generation) IN
           (SELECT bucket, name, generation FROM storage_soft_deleted WHERE hard_delete_time <= ? LIMIT ?)
         RETURNING sha256, size`,
      )
      .all(time, limit)
      .map(({ sha256, size }) => ({ sha256: String(sha256), size: Number(size) }));
  }

  clear(bucket: string): readonly Pick<ObjectVersion, "sha256" | "size">[] {
    return this.#statements
      .of("DELETE FROM storage_soft_deleted WHERE bucket = ? RETURNING sha256, size")
      .all(bucket)
      .map(({ sha256, size }) => ({ sha256: String(sha256), size: Number(size) }));
  }
}

function toVersion(row: unknown): SoftDeletedVersion {
  const { soft_delete_time, hard_delete_time, ...rest } = row as SoftDeletedRow;
  return { ...fromRow(rest), softDeleteTime: soft_delete_time, hardDeleteTime: hard_delete_time };
}
