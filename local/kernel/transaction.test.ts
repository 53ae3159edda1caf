import { DatabaseSync } from "node:sqlite";
import { beforeEach, expect, test } from "@jest/globals";
import { inTransaction } from "./transaction.ts";

let db: DatabaseSync;

beforeEach(() => {
  db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE notes (text TEXT NOT NULL) STRICT");
});

const note = (text: string) => db.prepare("INSERT INTO notes VALUES (?)").run(text);
const notes = () =>
  db
    .prepare("SELECT text FROM notes")
    .all()
    .map(({ text }) => text);
const broken = (text: string) => () => {
  note(text);
  throw new Error("broken");
};

test("keeps all of what returns, and nothing of what throws", () => {
  expect(inTransaction(db, () => note("kept").changes)).toBe(1);
  expect(() => inTransaction(db, broken("undone"))).toThrow("broken");
  expect([notes(), db.isTransaction]).toEqual([["kept"], false]);
});

test("undoes a part that throws, and the whole with it only if that throws too", () => {
  inTransaction(db, () => {
    note("before");
    expect(() => inTransaction(db, broken("part"))).toThrow("broken");
    inTransaction(db, () => note("after"));
  });
  expect(notes()).toEqual(["before", "after"]);
  expect(() =>
    inTransaction(db, () => {
      inTransaction(db, () => note("part"));
      broken("whole")();
    }),
  ).toThrow("broken");
  expect(notes()).toEqual(["before", "after"]);
});

test("tells why, also when that ended the transaction by itself", () => {
  db.exec("CREATE TRIGGER full BEFORE INSERT ON notes BEGIN SELECT RAISE(ROLLBACK, 'disk is full'); END");
  expect(() => inTransaction(db, () => inTransaction(db, () => note("lost")))).toThrow("disk is full");
  expect(db.isTransaction).toBe(false);
});
