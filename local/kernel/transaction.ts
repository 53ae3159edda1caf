import type { DatabaseSync } from "node:sqlite";

/**
 * All of `work` when it returns, nothing of it when it throws. In a transaction of its own, or as a part
 * of the one that is open, which goes on without what was undone.
 */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  const [begin, keep, undo] = db.isTransaction
    ? ["SAVEPOINT part", "RELEASE part", "ROLLBACK TO part; RELEASE part"]
    : ["BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"];
  db.exec(begin);
  try {
    const result = work();
    db.exec(keep);
    return result;
  } catch (error) {
    // A full disk ends a transaction by itself, the one around this part too.
    if (db.isTransaction) db.exec(undo);
    throw error;
  }
}
