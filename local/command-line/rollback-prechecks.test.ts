import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { REPOSITORY } from "../kernel/place.ts";
import type { BaseRevision } from "./review/base-revision.ts";
import { FORMATS, otherSettings, refuseOtherFormats } from "./rollback-prechecks.ts";

/** A commit that is as the program is now. */
let base: BaseRevision;

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "former-"));
  base = { name: "former", commit: "0".repeat(40), folder, hasOtherPackages: false };
  for (const file of [...FORMATS, "Pulumi.prod.yaml"]) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await copyFile(join(REPOSITORY, file), join(folder, file));
  }
});

afterEach(() => rm(base.folder, { recursive: true }));

async function edit(file: string, from: string | RegExp, to: string): Promise<void> {
  const path = join(base.folder, file);
  await writeFile(path, (await readFile(path, "utf8")).replace(from, to));
}

test("goes back where what is stored has the same form", () => {
  for (const file of FORMATS) expect(existsSync(join(REPOSITORY, file))).toBe(true);
  expect(() => refuseOtherFormats(base, "0123456")).not.toThrow();
});

test.each(FORMATS)("does not go back over a change of %s unread", async (file) => {
  await edit(file, /^/, "// As it was.\n");
  expect(() => refuseOtherFormats(base, "0123456")).toThrow(
    `0123456 stores in another form: ${file} changed since. Read whether it can read what is stored now (git diff 0123456 -- ${file}), then give --formats-read.`,
  );
});

test("tells which settings of the stack go back", async () => {
  expect(otherSettings(base, "prod")).toEqual([]);
  await edit("Pulumi.prod.yaml", "platform:softDeleteDays: 30", "platform:softDeleteDays: 7");
  await edit("Pulumi.prod.yaml", "  platform:protect: true\n", "");
  expect(otherSettings(base, "prod")).toEqual(["platform:protect", "platform:softDeleteDays"]);
});

test("does not go back to a configuration whose secrets another key opens", async () => {
  await edit("Pulumi.prod.yaml", /^/, "encryptedkey: another\n");
  expect(() => otherSettings(base, "prod")).toThrow(
    /^Pulumi\.prod\.yaml has another key for the stack's secrets/,
  );
});
