import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Preloads } from "./preload.ts";

const DESTINATIONS = { 443: "edge" };

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "preload-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** In a process whose files can't grow past a few KiB. */
const FULL = `
  import { Preloads } from ${JSON.stringify(new URL("./preload.ts", import.meta.url).href)};
  process.on("SIGXFSZ", () => {});
  const preloads = new Preloads(process.env.FOLDER);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      console.log(preloads.path(${JSON.stringify(DESTINATIONS)}));
    } catch (error) {
      console.log(error.code);
    }
  }
`;

test("what a full disk took half of is never used: no instance starts without its guards", () => {
  const program = [process.execPath, "--input-type=module", "-e", FULL];
  const tried = execFileSync("sh", ["-c", 'ulimit -f 4 && exec "$@"', "sh", ...program], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, FOLDER: folder },
  });
  expect(tried.trim().split("\n")).toEqual(["EFBIG", "EFBIG"]);

  const path = new Preloads(folder).path(DESTINATIONS);
  expect(statSync(path).size).toBeGreaterThan(4 * 1024);
  expect(readdirSync(folder).map((name) => join(folder, name))).toEqual([path]);
});
