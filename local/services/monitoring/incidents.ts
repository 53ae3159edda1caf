import type { DatabaseSync } from "node:sqlite";

/** Closed incidents and notifications that are kept. */
const MOST_KEPT = 1_000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS monitoring_incidents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    policy TEXT NOT NULL,
    cause TEXT NOT NULL,
    summary TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    notified_at INTEGER NOT NULL,
    closed_at INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS monitoring_open ON monitoring_incidents (policy, cause) WHERE closed_at IS NULL;
  CREATE TABLE IF NOT EXISTS monitoring_notifications (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    incident INTEGER NOT NULL,
    policy TEXT NOT NULL,
    event TEXT NOT NULL,
    channel TEXT NOT NULL,
    type TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
`;

export interface Incident {
  readonly id: number;
  /** Name of the policy. */
  readonly policy: string;
  /** Which condition and series: a policy has one open incident for each. */
  readonly cause: string;
  readonly summary: string;
  /** Milliseconds since the epoch. */
  readonly openedAt: number;
  /** When its cause was last there. */
  readonly seenAt: number;
  readonly notifiedAt: number;
}

/** A message to a channel: kept to be looked at, and sent nowhere. */
export interface Notification {
  readonly incident: number;
  readonly policy: string;
  readonly event: "opened" | "closed";
  /** Name of the channel. */
  readonly channel: string;
  readonly type: string;
  /** An address, a topic, a number: whatever the channel's type has. */
  readonly recipient: string;
  readonly subject: string;
  readonly at: number;
}

/** Incidents and notifications, in SQLite: an incident that is open outlives a restart. */
export class Incidents {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec(SCHEMA);
  }

  open(policy: string, cause: string, summary: string, now: number): Incident {
    const { lastInsertRowid } = this.#db
      .prepare(
        "INSERT INTO monitoring_incidents (policy, cause, summary, opened_at, seen_at, notified_at) VALUES (?, ?, ?, ?, ?, ?)",
      )
      .run(policy, cause, summary, now, now, now);
    return {
      id: Number(lastInsertRowid),
      policy,
      cause,
      summary,
      openedAt: now,
      seenAt: now,
      notifiedAt: now,
    };
  }

  /** Notes that the cause of an open incident is still there. */
  see({ id }: Incident, now: number, notified: boolean): void {
    this.#db
      .prepare(
        `UPDATE monitoring_incidents SET seen_at = ?1, notified_at = CASE WHEN ?2 THEN ?1 ELSE notified_at END WHERE id = ?3`,
      )
      .run(now, notified ? 1 : 0, id);
  }

  close({ id }: Incident, now: number): void {
    this.#db.prepare("UPDATE monitoring_incidents SET closed_at = ? WHERE id = ?").run(now, id);
    this.#db
      .prepare("DELETE FROM monitoring_incidents WHERE closed_at IS NOT NULL AND id <= ?")
      .run(id - MOST_KEPT);
  }

  /** Of one policy. @default all */
  listOpen(policy?: string): readonly Incident[] {
    return this.#db
      .prepare(
        "SELECT * FROM monitoring_incidents WHERE closed_at IS NULL AND (?1 IS NULL OR policy = ?1) ORDER BY id",
      )
      .all(policy ?? null)
      .map((row) => ({
        id: Number(row.id),
        policy: String(row.policy),
        cause: String(row.cause),
        summary: String(row.summary),
        openedAt: Number(row.opened_at),
        seenAt: Number(row.seen_at),
        notifiedAt: Number(row.notified_at),
      }));
  }

  keep({ incident, policy, event, channel, type, recipient, subject, at }: Notification): void {
    const { lastInsertRowid } = this.#db
      .prepare(
        "INSERT INTO monitoring_notifications (incident, policy, event, channel, type, recipient, subject, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      )
      .run(incident, policy, event, channel, type, recipient, subject, at);
    this.#db
      .prepare("DELETE FROM monitoring_notifications WHERE id <= ?")
      .run(Number(lastInsertRowid) - MOST_KEPT);
  }

  /** Newest first. */
  notifications(policy: string, most: number): readonly Notification[] {
    return this.#db
      .prepare("SELECT * FROM monitoring_notifications WHERE policy = ? ORDER BY id DESC LIMIT ?")
      .all(policy, most)
      .map((row) => ({
        incident: Number(row.incident),
        policy: String(row.policy),
        event: row.event as Notification["event"],
        channel: String(row.channel),
        type: String(row.type),
        recipient: String(row.recipient),
        subject: String(row.subject),
        at: Number(row.at),
      }));
  }
}
