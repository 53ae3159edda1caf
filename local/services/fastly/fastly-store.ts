import { randomInt } from "node:crypto";
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { Statements } from "../../kernel/statements.ts";
import { inTransaction } from "../../kernel/transaction.ts";

const ID_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_LENGTH = 22;

export interface StoredKey {
  readonly id: string;
  readonly name: string;
  readonly key_pem: string;
  readonly key_type: string;
  readonly key_length: number;
  readonly public_key_sha1: string;
  /** RFC 3339, as all times here. */
  readonly created_at: string;
}

export interface StoredCertificate {
  readonly id: string;
  readonly name: string;
  /** Leaf first. */
  readonly cert_blob: string;
  readonly public_key_sha1: string;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface StoredActivation {
  readonly id: string;
  readonly certificate_id: string;
  readonly configuration_id: string;
  /** A name, or a wildcard of one label. */
  readonly domain: string;
  readonly created_at: string;
}

export interface StoredDomain {
  readonly id: string;
  readonly fqdn: string;
  readonly service_id: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

interface Tables {
  readonly keys: StoredKey;
  readonly certificates: StoredCertificate;
  readonly activations: StoredActivation;
  readonly domains: StoredDomain;
}

/** Those whose rows stand alone. A certificate's does not: without its names no domain finds it. */
type Independent = Exclude<keyof Tables, "certificates">;

/** What Fastly keeps of TLS and of versionless domains. Every write outlives the process once it returns. */
export class FastlyStore {
  readonly #db: DatabaseSync;
  readonly #statements: Statements;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#statements = new Statements(db);
    db.exec(`
      CREATE TABLE IF NOT EXISTS fastly_keys (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, key_pem TEXT NOT NULL, key_type TEXT NOT NULL,
        key_length INTEGER NOT NULL, public_key_sha1 TEXT NOT NULL, created_at TEXT NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS fastly_certificates (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, cert_blob TEXT NOT NULL, public_key_sha1 TEXT NOT NULL,
        created_at TEXT NOT NULL, updated_at TEXT NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS fastly_certificate_names (
        name TEXT NOT NULL, certificate_id TEXT NOT NULL, PRIMARY KEY (name, certificate_id)) STRICT;
      CREATE TABLE IF NOT EXISTS fastly_activations (
        id TEXT PRIMARY KEY, certificate_id TEXT NOT NULL, configuration_id TEXT NOT NULL,
        domain TEXT NOT NULL, created_at TEXT NOT NULL, UNIQUE (domain, configuration_id)) STRICT;
      CREATE TABLE IF NOT EXISTS fastly_domains (
        id TEXT PRIMARY KEY, fqdn TEXT NOT NULL UNIQUE, service_id TEXT, created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL) STRICT;
      CREATE INDEX IF NOT EXISTS fastly_keys_sha1 ON fastly_keys (public_key_sha1);
      CREATE INDEX IF NOT EXISTS fastly_certificates_sha1 ON fastly_certificates (public_key_sha1);
      CREATE INDEX IF NOT EXISTS fastly_activations_certificate ON fastly_activations (certificate_id);
    `);
  }

  /** In the order of creation. `where` compares columns; an empty one lists all. */
  list<Table extends keyof Tables>(
    table: Table,
    where: Partial<Tables[Table]> = {},
  ): readonly Tables[Table][] {
    const columns = Object.keys(where);
    const clause =
      columns.length > 0 ? ` WHERE ${columns.map((column) => `${column} = ?`).join(" AND ")}` : "";
    const rows = this.#statements
      .of(`SELECT * FROM fastly_${table}${clause} ORDER BY rowid`)
      .all(...(Object.values(where) as SQLInputValue[]));
    return rows as unknown as Tables[Table][];
  }

  find<Table extends keyof Tables>(table: Table, where: Partial<Tables[Table]>): Tables[Table] | undefined {
    return this.list(table, where)[0];
  }

  /** Adds a row under a new id. */
  add<Table extends Independent>(table: Table, row: Omit<Tables[Table], "id">): Tables[Table] {
    return this.#add(table, row);
  }

  change<Table extends Independent>(
    table: Table,
    id: string,
    values: Partial<Omit<Tables[Table], "id">>,
  ): void {
    this.#change(table, id, values);
  }

  /** A certificate with the names that it holds: both or neither. */
  addCertificate(row: Omit<StoredCertificate, "id">, names: readonly string[]): StoredCertificate {
    return inTransaction(this.#db, () => {
      const stored = this.#add("certificates", row);
      this.#nameCertificate(stored.id, names);
      return stored;
    });
  }

  /** `names` replace those that it held before. */
  changeCertificate(
    id: string,
    values: Partial<Omit<StoredCertificate, "id">>,
    names: readonly string[],
  ): void {
    inTransaction(this.#db, () => {
      this.#change("certificates", id, values);
      this.#nameCertificate(id, names);
    });
  }

  certificatesNaming(name: string): readonly StoredCertificate[] {
    const rows = this.#statements
      .of(
        `SELECT c.* FROM fastly_certificates c JOIN fastly_certificate_names n ON n.certificate_id = c.id
         WHERE n.name = ? ORDER BY c.rowid`,
      )
      .all(name);
    return rows as unknown as StoredCertificate[];
  }

  /** Private keys that some certificate matches, or that none does. */
  keysInUse(inUse: boolean): readonly Tables["keys"][] {
    const rows = this.#statements
      .of(
        `SELECT * FROM fastly_keys k WHERE ${inUse ? "" : "NOT "}EXISTS (
         SELECT 1 FROM fastly_certificates c WHERE c.public_key_sha1 = k.public_key_sha1) ORDER BY rowid`,
      )
      .all();
    return rows as unknown as Tables["keys"][];
  }

  remove(table: keyof Tables, id: string): void {
    inTransaction(this.#db, () => {
      if (table === "certificates") this.#nameCertificate(id, []);
      this.#statements.of(`DELETE FROM fastly_${table} WHERE id = ?`).run(id);
    });
  }

  #add<Table extends keyof Tables>(table: Table, row: Omit<Tables[Table], "id">): Tables[Table] {
    const whole = { id: newId(), ...row };
    const columns = Object.keys(whole);
    this.#statements
      .of(`INSERT INTO fastly_${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`)
      .run(...(Object.values(whole) as SQLInputValue[]));
    return whole as unknown as Tables[Table];
  }

  #change(table: keyof Tables, id: string, values: object): void {
    const assignments = Object.keys(values).map((column) => `${column} = ?`);
    this.#statements
      .of(`UPDATE fastly_${table} SET ${assignments.join(", ")} WHERE id = ?`)
      .run(...(Object.values(values) as SQLInputValue[]), id);
  }

  #nameCertificate(id: string, names: readonly string[]): void {
    this.#statements.of("DELETE FROM fastly_certificate_names WHERE certificate_id = ?").run(id);
    const insert = this.#statements.of(
      "INSERT INTO fastly_certificate_names (name, certificate_id) VALUES (?, ?)",
    );
    for (const name of new Set(names)) insert.run(name, id);
  }
}

/** 22 letters and digits, as Fastly's ids are. */
function newId(): string {
  return Array.from({ length: ID_LENGTH }, () => ID_LETTERS[randomInt(ID_LETTERS.length)]).join("");
}
