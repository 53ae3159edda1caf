import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, test } from "@jest/globals";
import { endsWithin, isAlive } from "./process-life.ts";

const onLinux = process.platform === "linux" ? test : test.skip;

test("a process is alive until it has ended", async () => {
  const child = spawn("sleep", ["60"]);
  const pid = child.pid ?? 0;
  expect(isAlive(pid)).toBe(true);
  expect(await endsWithin(pid, 0)).toBe(false);
  child.kill("SIGKILL");
  expect(await endsWithin(pid, 30_000)).toBe(true);
});

onLinux("a process that has ended is not alive, though whoever started it never asks after it", async () => {
  // The shell becomes a `sleep`, which knows nothing of the child that it has from then on.
  const parent = spawn("sh", ["-c", "sleep 0.2 & echo $!; exec sleep 60"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface(parent.stdout), "line")) as [string];
  expect(await endsWithin(Number(line), 30_000)).toBe(true);
  // Still in the table: signals reach it.
  expect(process.kill(Number(line), 0)).toBe(true);
  parent.kill("SIGKILL");
});
