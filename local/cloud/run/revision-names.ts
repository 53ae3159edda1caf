import type { DatabaseSync } from "node:sqlite";

const SUFFIX_LENGTH = 3;

interface Row {
  readonly number: number;
  readonly digest: string;
  readonly ready: number;
}

/** Which revision each service is at. Outlives the cloud, so that the same template keeps its name. */
export class RevisionNames {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec(
      "CREATE TABLE IF NOT EXISTS run_revisions (service TEXT PRIMARY KEY, number INTEGER NOT NULL, digest TEXT NOT NULL, ready INTEGER NOT NULL) STRICT",
    );
  }

  /** The name for a service's template, `SERVICE-00001-abc`, and whether it ever was ready: a new one for each change. */
  nameOf(service: string, digest: string): { readonly name: string; readonly wasReady: boolean } {
    const current = this.#db
      .prepare("SELECT number, digest, ready FROM run_revisions WHERE service = ?")
      .get(service) as unknown as Row | undefined;
    const isSame = current?.digest === digest;
    const number = isSame ? current.number : (current?.number ?? 0) + 1;
    if (!isSame) {
      this.#db
        .prepare("INSERT OR REPLACE INTO run_revisions (service, number, digest, ready) VALUES (?, ?, ?, 0)")
        .run(service, number, digest);
    }
    const suffix = [...digest.slice(0, SUFFIX_LENGTH)]
      .map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 16)))
      .join("");
    const name = `${service.slice(service.lastIndexOf("/") + 1)}-${String(number).padStart(5, "0")}-${suffix}`;
    return { name, wasReady: isSame && current.ready === 1 };
  }

  markReady(service: string, digest: string): void {
    this.#db
      .prepare("UPDATE run_revisions SET ready = 1 WHERE service = ? AND digest = ?")
      .run(service, digest);
  }

  forget(service: string): void {
    this.#db.prepare("DELETE FROM run_revisions WHERE service = ?").run(service);
  }
}
