import type { DatabaseSync, StatementSync } from "node:sqlite";
import { inTransaction } from "../../kernel/transaction.ts";
import { messageBytes, type NewMessage } from "./message-limits.ts";
import type { Subscription } from "./subscription-settings.ts";

/** A message that is out for delivery until `deadline`. */
export interface Lease {
  readonly subscription: string;
  readonly messageId: string;
  /** 1 for the first delivery. Names this lease among the message's. */
  readonly attempt: number;
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly publishedAt: number;
  readonly bytes: number;
}

/** A lease without the message. */
export interface LeaseRef {
  readonly subscription: string;
  readonly messageId: string;
  readonly attempt: number;
}

/**
 * A message is kept once, and has a delivery for each subscription that is owed it. `due_at` is when
 * a waiting delivery may go out (`leased` 0), or when one that is out counts as failed (`leased` 1).
 * Ids are never given twice.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS pubsub_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL,
    data BLOB NOT NULL,
    attributes TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    published_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS pubsub_deliveries (
    message_id INTEGER NOT NULL,
    subscription TEXT NOT NULL,
    leased INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (message_id, subscription)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS pubsub_due ON pubsub_deliveries (subscription, leased, due_at);
  CREATE INDEX IF NOT EXISTS pubsub_leases ON pubsub_deliveries (due_at) WHERE leased = 1;
  CREATE INDEX IF NOT EXISTS pubsub_retention ON pubsub_deliveries (expires_at);
`;

const SWEEP_BATCH = 1_000;

/** Messages and the state of their deliveries, in SQLite. What a method changed is durable once its transaction is. */
export class MessageStore {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec(SCHEMA);
  }

  /** Stores a message for `subscriptions`, due at once; without any it is only numbered, as nobody is owed it. */
  publish(topic: string, message: NewMessage, subscriptions: readonly Subscription[], now: number): string {
    return inTransaction(this.#db, () => {
      const { lastInsertRowid: id } = this.#sql(
        "INSERT INTO pubsub_messages (topic, data, attributes, bytes, published_at) VALUES (?, ?, ?, ?, ?)",
      ).run(topic, message.data, JSON.stringify(message.attributes), messageBytes(message), now);
      for (const subscription of subscriptions) {
        this.#sql("INSERT INTO pubsub_deliveries VALUES (?, ?, 0, ?, 0, ?)").run(
          id,
          subscription.id,
          now,
          now + subscription.retentionMs,
        );
      }
      if (subscriptions.length === 0) this.#sql("DELETE FROM pubsub_messages WHERE id = ?").run(id);
      return String(id);
    });
  }

  /** Takes due messages until `deadline`, at most `count` and, but for the first, `bytes` of them; each counts an attempt. */
  lease(subscription: string, now: number, deadline: number, count: number, bytes: number): Lease[] {
    return inTransaction(this.#db, () => {
      const leases: Lease[] = [];
      let room = bytes;
      // One by one, or a backlog of large messages would be in memory before the limit is seen.
      for (const row of this.#sql(
        `SELECT id, attempts + 1 AS attempt, data, attributes, bytes, published_at
         FROM pubsub_deliveries JOIN pubsub_messages ON id = message_id
         WHERE subscription = ? AND leased = 0 AND due_at <= ? ORDER BY due_at, message_id LIMIT ?`,
      ).iterate(subscription, now, count)) {
        room -= Number(row.bytes);
        if (room < 0 && leases.length > 0) break;
        leases.push(toLease(subscription, row));
      }
      const take = this.#sql(
        `UPDATE pubsub_deliveries SET leased = 1, due_at = ?, attempts = attempts + 1
         WHERE message_id = ? AND subscription = ?`,
      );
      for (const { messageId } of leases) take.run(deadline, Number(messageId), subscription);
      return leases;
    });
  }

  /** The message of a lease that still holds, else `undefined`: acknowledged, expired, gone, or leased anew. */
  held({ subscription, messageId, attempt }: LeaseRef): Lease | undefined {
    const row = this.#sql(
      `SELECT id, attempts AS attempt, data, attributes, bytes, published_at
       FROM pubsub_deliveries JOIN pubsub_messages ON id = message_id
       WHERE message_id = ? AND subscription = ? AND leased = 1 AND attempts = ?`,
    ).get(Number(messageId), subscription, attempt);
    return row && toLease(subscription, row);
  }

  /** Puts a leased message back, to go out again at `dueAt`. */
  release({ subscription, messageId }: LeaseRef, dueAt: number): void {
    this.#sql(
      "UPDATE pubsub_deliveries SET leased = 0, due_at = ? WHERE message_id = ? AND subscription = ?",
    ).run(dueAt, Number(messageId), subscription);
  }

  /** Moves the deadline of a lease, if it still holds. */
  extend({ subscription, messageId, attempt }: LeaseRef, deadline: number): void {
    this.#sql(
      `UPDATE pubsub_deliveries SET due_at = ?
       WHERE message_id = ? AND subscription = ? AND leased = 1 AND attempts = ?`,
    ).run(deadline, Number(messageId), subscription, attempt);
  }

  /** Forgets a delivery, and the message with its last one. Also after its lease expired, as long as it is there. */
  remove(subscription: string, messageId: string): void {
    const id = Number(messageId);
    this.#sql("DELETE FROM pubsub_deliveries WHERE message_id = ? AND subscription = ?").run(
      id,
      subscription,
    );
    this.#sql(
      "DELETE FROM pubsub_messages WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM pubsub_deliveries WHERE message_id = ?1)",
    ).run(id);
  }

  /** When the next waiting message of a subscription is due. */
  nextDue(subscription: string): number | undefined {
    return toNumber(
      this.#sql("SELECT MIN(due_at) AS at FROM pubsub_deliveries WHERE subscription = ? AND leased = 0").get(
        subscription,
      )?.at,
    );
  }

  nextLeaseExpiry(): number | undefined {
    return toNumber(this.#sql("SELECT MIN(due_at) AS at FROM pubsub_deliveries WHERE leased = 1").get()?.at);
  }

  nextRetentionEnd(): number | undefined {
    return toNumber(this.#sql("SELECT MIN(expires_at) AS at FROM pubsub_deliveries").get()?.at);
  }

  expiredLeases(now: number, count: number): LeaseRef[] {
    return this.#sql(
      `SELECT subscription, message_id, attempts FROM pubsub_deliveries
       WHERE leased = 1 AND due_at <= ? ORDER BY due_at LIMIT ?`,
    )
      .all(now, count)
      .map((row) => ({
        subscription: String(row.subscription),
        messageId: String(row.message_id),
        attempt: Number(row.attempts),
      }));
  }

  /** Whether it holds past its deadline, with nothing said of it since. */
  hasExpired({ subscription, messageId, attempt }: LeaseRef, now: number): boolean {
    const row = this.#sql(
      `SELECT 1 FROM pubsub_deliveries
       WHERE message_id = ? AND subscription = ? AND leased = 1 AND attempts = ? AND due_at <= ?`,
    ).get(Number(messageId), subscription, attempt, now);
    return row !== undefined;
  }

  /** Lets all leases of a subscription expire at `now`. */
  expireLeases(subscription: string, now: number): void {
    this.#sql("UPDATE pubsub_deliveries SET due_at = ? WHERE subscription = ? AND leased = 1").run(
      now,
      subscription,
    );
  }

  /** Makes due at `latest` whatever is due later. */
  expectBy(latest: number): void {
    this.#sql("UPDATE pubsub_deliveries SET due_at = ?1 WHERE due_at > ?1").run(latest);
  }

  /** Drops some of what was kept for as long as it may be, and says what. */
  sweep(now: number): Omit<LeaseRef, "attempt">[] {
    return inTransaction(this.#db, () => {
      const rows = this.#sql(
        "SELECT subscription, message_id FROM pubsub_deliveries WHERE expires_at <= ? LIMIT ?",
      ).all(now, SWEEP_BATCH);
      const dropped = rows.map((row) => ({
        subscription: String(row.subscription),
        messageId: String(row.message_id),
      }));
      for (const { subscription, messageId } of dropped) this.remove(subscription, messageId);
      return dropped;
    });
  }

  /** Forgets a subscription's backlog. @returns how many messages of it nobody else is owed */
  drop(subscription: string): number {
    return inTransaction(this.#db, () => {
      const { changes } = this.#sql(
        `DELETE FROM pubsub_messages WHERE id IN (SELECT message_id FROM pubsub_deliveries WHERE subscription = ?1)
         AND NOT EXISTS (SELECT 1 FROM pubsub_deliveries WHERE message_id = id AND subscription <> ?1)`,
      ).run(subscription);
      this.#sql("DELETE FROM pubsub_deliveries WHERE subscription = ?").run(subscription);
      return Number(changes);
    });
  }

  /** Subscriptions that something is kept for. */
  owed(): string[] {
    return this.#sql("SELECT DISTINCT subscription FROM pubsub_deliveries")
      .all()
      .map((row) => String(row.subscription));
  }

  /** When the oldest message that a subscription is owed was published: ids rise with time. */
  oldestUnacked(subscription: string): number | undefined {
    return toNumber(
      this.#sql(
        `SELECT published_at AS at FROM pubsub_deliveries JOIN pubsub_messages ON id = message_id
         WHERE subscription = ? ORDER BY message_id LIMIT 1`,
      ).get(subscription)?.at,
    );
  }

  backlog(subscription: string): number {
    return Number(
      this.#sql("SELECT COUNT(*) AS count FROM pubsub_deliveries WHERE subscription = ?").get(subscription)
        ?.count,
    );
  }

  #sql(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (!statement) {
      statement = this.#db.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }
}

function toLease(subscription: string, row: Readonly<Record<string, unknown>>): Lease {
  const data = row.data as Uint8Array;
  return {
    subscription,
    messageId: String(row.id),
    attempt: Number(row.attempt),
    data: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    attributes: JSON.parse(String(row.attributes)),
    publishedAt: Number(row.published_at),
    bytes: Number(row.bytes),
  };
}

function toNumber(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
