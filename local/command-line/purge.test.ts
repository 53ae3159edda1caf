import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openCloudDatabase } from "../kernel/cloud-database.ts";
import { REPOSITORY } from "../kernel/place.ts";
import { lockFile } from "../pulumi/update.ts";
import { UpdateLock } from "../pulumi/update-lock.ts";
import { purge } from "./purge.ts";
import { claimStateFolder } from "./state-folder.ts";

let folder: string;
let stops: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "purge-"));
  stops = 0;
});

afterEach(() => rmSync(folder, { recursive: true }));

const purged = () =>
  purge(folder, async () => {
    stops += 1;
  });

test("deletes what a local cloud keeps, and leaves what lies beside it", async () => {
  claimStateFolder(folder);
  writeState();
  write("bin/pebble");
  await purged();
  expect(readdirSync(folder)).toEqual(["bin"]);
  expect(stops).toBe(1);
});

test("deletes a state from before there were marks, which its database and its key tell", async () => {
  writeState();
  await purged();
  expect(readdirSync(folder)).toEqual([]);
});

test("leaves a folder that no local cloud marked as it is", async () => {
  write("pulumi/prod.ts");
  await expect(purged()).rejects.toMatchObject({
    exitCode: 4,
    message: `The folder ${folder} is not marked as a local cloud's: its "pulumi" is not --purge's to delete.`,
  });
  expect(readdirSync(folder)).toEqual(["pulumi"]);
});

test("leaves a program's folder as it is, marked or not", async () => {
  claimStateFolder(folder);
  writeState();
  write("Pulumi.yaml");
  await expect(purged()).rejects.toMatchObject({
    exitCode: 4,
    message: expect.stringContaining("it holds a Pulumi.yaml"),
  });
  await expect(purge(REPOSITORY, async () => undefined)).rejects.toThrow("it holds a Pulumi.yaml");
  expect(existsSync(join(folder, "pulumi", "local.json"))).toBe(true);
});

test("says so where there is no state, and stops nothing", async () => {
  await purged();
  expect(stops).toBe(0);
});

test("while an update runs, neither deletes nor stops anything, and names its process", async () => {
  claimStateFolder(folder);
  writeState();
  const lock = await UpdateLock.acquire(lockFile(folder));
  await expect(purged()).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringContaining(`with pid ${process.pid}`),
  });
  lock.release();
  expect(stops).toBe(0);
  expect(readdirSync(folder).sort()).toEqual([".local-cloud", "cloud", "key", "pulumi"]);
});

test("an update that starts meanwhile is told that the state is held, and one that comes after it starts anew", async () => {
  claimStateFolder(folder);
  writeState();
  const lockPath = lockFile(folder);
  let told: unknown;
  await purge(folder, async () => {
    told = await UpdateLock.acquire(lockPath).catch((error: Error) => error.message);
  });
  expect(told).toContain(`with pid ${process.pid}`);
  claimStateFolder(folder);
  (await UpdateLock.acquire(lockPath)).release();
  expect(readdirSync(folder).sort()).toEqual([".local-cloud"]);
});

test.each(["pulumi/prod.ts", "cloud/main.tf", "key"])(
  "no state is made in a folder with somebody else's %s, which a purge would delete",
  (path) => {
    write(path);
    expect(() => claimStateFolder(folder)).toThrow("which no local cloud made");
    expect(existsSync(join(folder, ".local-cloud"))).toBe(false);
  },
);

test("a state is made beside what a preview left before there were marks: a key", async () => {
  write("key", `${Buffer.alloc(32).toString("base64")}\n`);
  claimStateFolder(folder);
  await purged();
  expect(readdirSync(folder)).toEqual([]);
});

test("no state is made in a program's folder, or in a file", () => {
  write("Pulumi.yaml");
  expect(() => claimStateFolder(folder)).toThrow("it holds a Pulumi.yaml");
  expect(() => claimStateFolder(REPOSITORY)).toThrow("it holds a Pulumi.yaml");
  const file = join(folder, "Pulumi.yaml");
  for (const path of [file, join(file, "below")]) {
    expect(() => claimStateFolder(path)).toThrow(
      `The state folder ${path} must be a folder; ${file} is a file.`,
    );
  }
});

/** What an `up` leaves. */
function writeState(): void {
  mkdirSync(join(folder, "cloud"));
  openCloudDatabase(folder).close();
  write("pulumi/local.json");
  write("key");
}

function write(path: string, text = "{}"): void {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), text);
}
