import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { removeLeftLocks } from "./left-locks.ts";

let backend: string;
let locks: string;

beforeEach(() => {
  backend = mkdtempSync(join(tmpdir(), "locks-"));
  locks = join(backend, ".pulumi", "locks", "organization", "platform", "local");
});

afterEach(() => rmSync(backend, { recursive: true }));

const lock = (name: string, content: unknown) => {
  mkdirSync(locks, { recursive: true });
  writeFileSync(join(locks, name), typeof content === "string" ? content : JSON.stringify(content));
};
const remove = (deadlineMs?: number) => removeLeftLocks(backend, "local", () => undefined, deadlineMs);

test("does nothing where there was never a lock", async () => {
  await expect(remove()).resolves.toBeUndefined();
});

test("removes the locks of processes that have ended, and what was never written whole", async () => {
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  lock("dead.json", { pid, hostname: hostname() });
  lock("torn.json", '{"pid":');
  await remove();
  expect(readdirSync(locks)).toEqual([]);
});

test.each([
  ["a process that lives", hostname()],
  ["another machine, whose processes nobody here can see", "elsewhere"],
])("leaves the lock of %s, and names it", async (_, host) => {
  lock("held.json", { pid: process.pid, hostname: host });
  await expect(remove(0)).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringContaining(`is running, with pid ${process.pid}`),
  });
  expect(readdirSync(locks)).toEqual(["held.json"]);
});
