import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";

/** In a process of its own: within Jest the SDK takes five times as long to load. */
test("what the SDKs' documentation shows of our kinds is right", async () => {
  const script = join(import.meta.dirname, "testing", "judge-documented-examples.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [script], {
    env: { ...process.env, NODE_OPTIONS: "" },
    timeout: 110_000,
  });
  expect(JSON.parse(stdout)).toEqual({ wrong: {}, tried: expect.any(Number), useless: [] });
  expect(JSON.parse(stdout).tried).toBeGreaterThan(300);
});
