import { DatabaseSync } from "node:sqlite";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { CommitQueue } from "./commit-queue.ts";

let db: DatabaseSync;
let commits: CommitQueue;

beforeEach(() => {
  db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE t (x INTEGER PRIMARY KEY)");
  commits = new CommitQueue(db);
});

afterEach(() => db.close());

const insert = (x: number) => db.prepare("INSERT INTO t VALUES (?)").run(x).lastInsertRowid;
const rows = () =>
  db
    .prepare("SELECT x FROM t ORDER BY x")
    .all()
    .map(({ x }) => x);

test("what arrives together is stored together, and each caller has its own result after the commit", async () => {
  const results = [3, 1, 2].map((x) => commits.commit(() => insert(x)));
  expect(rows()).toEqual([]);
  expect(await Promise.all(results)).toEqual([3, 1, 2]);
  expect(db.isTransaction).toBe(false);
  expect(rows()).toEqual([1, 2, 3]);
});

test("what fails is undone and refused alone: whatever came with it is stored", async () => {
  const results = await Promise.allSettled([1, 2, 1, 3].map((x) => commits.commit(() => insert(x))));
  expect(results.map((result) => result.status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
  expect(db.isTransaction).toBe(false);
  expect(rows()).toEqual([1, 2, 3]);
});

test("when the database fails, everyone is told, and the next is none the worse", async () => {
  db.exec("CREATE TEMP TRIGGER full BEFORE INSERT ON t BEGIN SELECT RAISE(FAIL, 'disk is full'); END");
  const results = await Promise.allSettled([1, 2].map((x) => commits.commit(() => insert(x))));
  expect(results.map((result) => result.status)).toEqual(["rejected", "rejected"]);
  expect(rows()).toEqual([]);
  db.exec("DROP TRIGGER temp.full");
  await commits.commit(() => insert(1));
  expect(rows()).toEqual([1]);
});

test("closing stores what waits and refuses the rest", async () => {
  const waiting = Array.from({ length: 600 }, (_, x) => commits.commit(() => insert(x)));
  commits.close();
  expect(rows()).toHaveLength(600);
  await Promise.all(waiting);
  await expect(commits.commit(() => insert(601))).rejects.toMatchObject({ code: status.UNAVAILABLE });
});

test("refuses what would not fit in memory", async () => {
  const first = commits.commit(() => insert(1), { bytes: 200_000_000 });
  await expect(commits.commit(() => insert(2), { bytes: 100_000_000 })).rejects.toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
  });
  await first;
  await commits.commit(() => insert(3), { bytes: 100_000_000 });
  expect(rows()).toEqual([1, 3]);
});
