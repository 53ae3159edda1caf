import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { Failure } from "../../operator/terminal/failure.ts";
import { UpdateLock } from "./update-lock.ts";

/** A program starts in a second or two, and in many on a busy machine. */
jest.setTimeout(120_000);

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lock-"));
  path = join(folder, "stacks", "test.lock");
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Takes the lock in a process of its own, says so, and holds it until its input ends or it is killed. */
function contender(): ReturnType<typeof spawn> {
  const program = `
    import { UpdateLock } from ${JSON.stringify(join(import.meta.dirname, "update-lock.ts"))};
    try {
      const lock = await UpdateLock.acquire(${JSON.stringify(path)});
      console.log("held");
      process.stdin.resume().on("end", () => lock.release());
    } catch (error) {
      console.log(error.message);
    }`;
  return spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["pipe", "pipe", "inherit"],
  });
}

async function firstLine(child: ReturnType<typeof spawn>): Promise<string> {
  const [data] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  return data.toString().trim();
}

test("refuses a second update while the first lives, by its pid, and lets one in when it is done", async () => {
  const lock = await UpdateLock.acquire(path);
  const second = contender();
  expect(await firstLine(second)).toBe(
    `Another update of this stack is running, with pid ${process.pid} (lock ${path}); wait for it or stop it.`,
  );
  lock.release();
  const third = contender();
  expect(await firstLine(third)).toBe("held");
  await expect(UpdateLock.acquire(path)).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringContaining(`pid ${third.pid} `),
  });
  third.stdin?.end();
  await once(third, "exit");
  (await UpdateLock.acquire(path)).release();
  expect(readdirSync(join(folder, "stacks"))).toEqual([]);
});

test("of many who find a dead holder's lock, exactly one gets it", async () => {
  const dead = contender();
  await firstLine(dead);
  dead.kill("SIGKILL");
  await once(dead, "exit");
  expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ pid: dead.pid });

  const contenders = Array.from({ length: 5 }, contender);
  const lines = await Promise.all(contenders.map(firstLine));
  expect(lines.filter((line) => line === "held")).toHaveLength(1);
  expect(lines.filter((line) => line.startsWith("Another update"))).toHaveLength(4);
  const winner = contenders[lines.indexOf("held")];
  expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ pid: winner?.pid });
  for (const child of contenders) child.stdin?.end();
  await Promise.all(
    contenders.filter(({ exitCode }) => exitCode === null).map((child) => once(child, "exit")),
  );
  expect(readdirSync(join(folder, "stacks"))).toEqual([]);
});

test("takes over from a pid that another process has by now, and from who died at taking over", async () => {
  (await UpdateLock.acquire(path)).release();
  const other = JSON.stringify({ pid: process.pid, startedAt: "1", nonce: "x" });
  writeFileSync(path, other);
  writeFileSync(`${path}.takeover`, other);
  const lock = await UpdateLock.acquire(path);
  expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({
    pid: process.pid,
    startedAt: expect.not.stringMatching(/^1$/),
  });
  lock.release();
});

test("keeps off a lock that somebody else has by now", async () => {
  const lock = await UpdateLock.acquire(path);
  writeFileSync(path, "somebody else's");
  lock.release();
  expect(readFileSync(path, "utf8")).toBe("somebody else's");
  await expect(UpdateLock.acquire(path)).resolves.not.toBeInstanceOf(Failure);
});
