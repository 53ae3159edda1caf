import type { DatabaseSync } from "node:sqlite";

const SUFFIX_LENGTH = 3;
/** Revisions of a service that traffic may go back to. Cloud Run keeps a thousand. */
const KEPT = 10;

interface Row {
  readonly number: number;
  readonly name: string;
  readonly digest: string;
  /** JSON, once it was ready. */
  readonly template: string | null;
}

/** A revision that was ready once. */
export interface KeptRevision {
  readonly name: string;
  /** As the service's resource had it. */
  readonly template: unknown;
}

/** Which revisions each service had. Outlives the cloud, so that the same template keeps its name and traffic its targets. */
export class RevisionHistory {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec(
      `CREATE TABLE IF NOT EXISTS run_revision_history (
        service TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, template TEXT,
        PRIMARY KEY (service, number), UNIQUE (service, name)
      ) STRICT`,
    );
  }

  /**
   * The name for a service's template: a new one for each change, `SERVICE-00001-abc` unless the
   * template has one of its own.
   *
   * @throws {Error} if the template's own name is that of another revision.
   */
  nameOf(service: string, { digest, name: own }: { digest: string; name?: string | undefined }): string {
    const newest = this.#rows(service)[0];
    if (newest?.digest === digest) return newest.name;
    const number = (newest?.number ?? 0) + 1;
    const name = own ?? `${shortName(service)}-${String(number).padStart(5, "0")}-${suffixOf(digest)}`;
    const taken = this.#rows(service).find((row) => row.name === name);
    if (taken && taken.digest !== digest) {
      throw new Error(
        `template.revision: "${name}" is the name of a revision with another configuration already.`,
      );
    }
    if (taken) {
      this.#db
        .prepare("UPDATE run_revision_history SET number = ? WHERE service = ? AND name = ?")
        .run(number, service, name);
    } else {
      this.#db
        .prepare("INSERT INTO run_revision_history (service, number, name, digest) VALUES (?, ?, ?, ?)")
        .run(service, number, name, digest);
    }
    return name;
  }

  /** Notes that a revision is ready. */
  keep(service: string, { name, template }: KeptRevision): void {
    this.#db
      .prepare("UPDATE run_revision_history SET template = ? WHERE service = ? AND name = ?")
      .run(JSON.stringify(template), service, name);
  }

  /** By name, or the newest. */
  find(service: string, name?: string): KeptRevision | undefined {
    const row = this.#rows(service).find(
      (candidate) => candidate.template !== null && (name === undefined || candidate.name === name),
    );
    return row && { name: row.name, template: JSON.parse(row.template ?? "null") };
  }

  /** Drops the oldest beyond ten that are not `needed`. @returns their names */
  prune(service: string, needed: ReadonlySet<string>): readonly string[] {
    const dropped = this.#rows(service)
      .slice(KEPT)
      .filter(({ name }) => !needed.has(name));
    for (const { name } of dropped) {
      this.#db.prepare("DELETE FROM run_revision_history WHERE service = ? AND name = ?").run(service, name);
    }
    return dropped.map(({ name }) => name);
  }

  forget(service: string): void {
    this.#db.prepare("DELETE FROM run_revision_history WHERE service = ?").run(service);
  }

  /** Newest first. */
  #rows(service: string): readonly Row[] {
    return this.#db
      .prepare(
        "SELECT number, name, digest, template FROM run_revision_history WHERE service = ? ORDER BY number DESC",
      )
      .all(service) as unknown as Row[];
  }
}

function shortName(service: string): string {
  return service.slice(service.lastIndexOf("/") + 1);
}

function suffixOf(digest: string): string {
  return [...digest.slice(0, SUFFIX_LENGTH)]
    .map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 16)))
    .join("");
}
