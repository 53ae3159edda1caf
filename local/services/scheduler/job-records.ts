import type { DatabaseSync } from "node:sqlite";

/** The last attempt of a job. */
export interface JobRecord {
  /** Milliseconds since the epoch. */
  readonly attemptedAt: number;
  readonly ok: boolean;
  readonly detail: string;
}

/** What jobs did last, in SQLite: the list tells it after a restart too. */
export class JobRecords {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec(
      "CREATE TABLE IF NOT EXISTS scheduler_jobs (id TEXT PRIMARY KEY, attempted_at INTEGER NOT NULL, ok INTEGER NOT NULL, detail TEXT NOT NULL) STRICT",
    );
  }

  find(id: string): JobRecord | undefined {
    const row = this.#db.prepare("SELECT * FROM scheduler_jobs WHERE id = ?").get(id);
    return row && { attemptedAt: Number(row.attempted_at), ok: row.ok === 1, detail: String(row.detail) };
  }

  write(id: string, { attemptedAt, ok, detail }: JobRecord): void {
    this.#db
      .prepare("INSERT OR REPLACE INTO scheduler_jobs (id, attempted_at, ok, detail) VALUES (?, ?, ?, ?)")
      .run(id, attemptedAt, ok ? 1 : 0, detail);
  }

  forget(id: string): void {
    this.#db.prepare("DELETE FROM scheduler_jobs WHERE id = ?").run(id);
  }
}
