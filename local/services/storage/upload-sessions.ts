import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { ExpectedChecksums } from "./digests.ts";
import type { Attributes } from "./object-version.ts";
import type { Preconditions } from "./preconditions.ts";
import { invalid, StorageRefusal } from "./storage-refusal.ts";

/** As at Google. @see https://cloud.google.com/storage/docs/resumable-uploads#session-uris */
const LIFETIME_MS = 7 * 24 * 60 * 60 * 1000;
/** Open at once, over all buckets. */
const MAX_SESSIONS = 1_000;

export interface UploadRequest {
  readonly bucket: string;
  readonly name: string;
  /** Who started it: the session's address speaks for them from then on. */
  readonly email: string;
  readonly attributes: Attributes;
  readonly checksums: ExpectedChecksums;
  readonly preconditions: Preconditions;
}

export interface UploadSession extends UploadRequest {
  readonly id: string;
  /** Bytes that the whole will have, once known; from then on it takes no others. */
  readonly total: number | undefined;
  /** The generation that it became. */
  readonly generation: string | undefined;
}

interface Row {
  readonly id: string;
  readonly request: string;
  readonly total: number | null;
  readonly generation: string | null;
}

/** Resumable uploads: what has come of each outlives a broken connection, and the cloud's own restart. */
export class UploadSessions {
  readonly #db: DatabaseSync;
  readonly #folder: string;
  readonly #busy = new Set<string>();

  constructor(db: DatabaseSync, folder: string) {
    this.#db = db;
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    db.exec(
      "CREATE TABLE IF NOT EXISTS storage_uploads (id TEXT PRIMARY KEY, request TEXT NOT NULL, total INTEGER, generation TEXT, started INTEGER NOT NULL) STRICT",
    );
    this.#expire();
    for (const file of readdirSync(folder)) if (!this.find(file)) rmSync(join(folder, file));
  }

  start(request: UploadRequest, total: number | undefined): UploadSession {
    this.#expire();
    const { open } = this.#db
      .prepare("SELECT count(*) AS open FROM storage_uploads WHERE generation IS NULL")
      .get() as {
      open: number;
    };
    if (open >= MAX_SESSIONS) {
      throw new StorageRefusal(
        503,
        "backendError",
        `At most ${MAX_SESSIONS} resumable uploads can be open at once.`,
      );
    }
    const id = randomBytes(24).toString("base64url");
    writeFileSync(this.path(id), "", { flag: "wx", mode: 0o600 });
    this.#db
      .prepare("INSERT INTO storage_uploads (id, request, total, started) VALUES (?, ?, ?, ?)")
      .run(id, JSON.stringify(request), total ?? null, Date.now());
    return { ...request, id, total, generation: undefined };
  }

  find(id: string): UploadSession | undefined {
    const row = this.#db
      .prepare("SELECT id, request, total, generation FROM storage_uploads WHERE id = ?")
      .get(id) as Row | undefined;
    if (!row) return undefined;
    return {
      ...(JSON.parse(row.request) as UploadRequest),
      id: row.id,
      total: row.total ?? undefined,
      generation: row.generation ?? undefined,
    };
  }

  /** The file that holds what has come so far. */
  path(id: string): string {
    return join(this.#folder, id);
  }

  received(id: string): number {
    return statSync(this.path(id), { throwIfNoEntry: false })?.size ?? 0;
  }

  /** @throws {StorageRefusal} 503, which clients retry, while another request writes to the same session. */
  async exclusively<T>(id: string, work: () => Promise<T>): Promise<T> {
    if (this.#busy.has(id)) {
      throw new StorageRefusal(503, "backendError", "Another request of this upload is in progress.");
    }
    this.#busy.add(id);
    try {
      return await work();
    } finally {
      this.#busy.delete(id);
    }
  }

  /**
   * Adds bytes that start at `offset`, skips those of them that are here already, and keeps what came
   * even if the connection breaks.
   *
   * @returns how many `chunks` held.
   */
  async append(session: UploadSession, offset: number, chunks: AsyncIterable<Buffer>): Promise<number> {
    let received = this.received(session.id);
    if (offset > received) {
      throw invalid(
        `Content-Range must start at or before byte ${received}, the next one awaited; got ${offset}.`,
      );
    }
    let position = offset;
    const file = await open(this.path(session.id), "a");
    try {
      for await (const chunk of chunks) {
        const fresh = chunk.subarray(Math.max(0, received - position));
        position += chunk.length;
        if (session.total !== undefined && position > session.total) {
          throw invalid(`The upload must have ${session.total} bytes, as it said; got more.`);
        }
        await file.writeFile(fresh);
        received += fresh.length;
      }
    } finally {
      await file.sync();
      await file.close();
    }
    return position - offset;
  }

  /** From now on the session takes no bytes beyond these. */
  setTotal(id: string, total: number): void {
    this.#db.prepare("UPDATE storage_uploads SET total = ? WHERE id = ?").run(total, id);
  }

  /** It became an object: its address answers with that until it expires. */
  finish(id: string, generation: string): void {
    this.#db.prepare("UPDATE storage_uploads SET generation = ? WHERE id = ?").run(generation, id);
    rmSync(this.path(id), { force: true });
  }

  cancel(id: string): void {
    this.#db.prepare("DELETE FROM storage_uploads WHERE id = ?").run(id);
    rmSync(this.path(id), { force: true });
  }

  #expire(): void {
    const expired = this.#db
      .prepare("SELECT id FROM storage_uploads WHERE started < ?")
      .all(Date.now() - LIFETIME_MS);
    for (const { id } of expired) if (!this.#busy.has(String(id))) this.cancel(String(id));
  }
}
