import type { DatabaseSync } from "node:sqlite";

const MOST_KEPT = 1_000;

/** What somebody would have read. */
export interface ReceivedNotice {
  readonly receiver: "slack" | "sentry";
  /** RFC 3339. */
  readonly at: string;
  /** One line. */
  readonly title: string;
  /** As Sentry's tags say; Slack has none. */
  readonly tags: Readonly<Record<string, string>>;
  /** The whole message, or event. */
  readonly payload: unknown;
}

/** What was received, newest last, in SQLite. */
export class ReceivedNotices {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec(`CREATE TABLE IF NOT EXISTS alert_receiver_notices (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      event_id TEXT UNIQUE,
      notice TEXT NOT NULL
    ) STRICT`);
  }

  /** @param eventId of what counts once, however often it comes. */
  add(notice: ReceivedNotice, eventId?: string): void {
    this.#db
      .prepare("INSERT OR IGNORE INTO alert_receiver_notices (event_id, notice) VALUES (?, ?)")
      .run(eventId ?? null, JSON.stringify(notice));
    this.#db
      .prepare(
        "DELETE FROM alert_receiver_notices WHERE id <= (SELECT max(id) FROM alert_receiver_notices) - ?",
      )
      .run(MOST_KEPT);
  }

  list(): readonly ReceivedNotice[] {
    const rows = this.#db
      .prepare("SELECT notice FROM alert_receiver_notices ORDER BY id")
      .all() as unknown as {
      readonly notice: string;
    }[];
    return rows.map(({ notice }) => JSON.parse(notice) as ReceivedNotice);
  }
}
