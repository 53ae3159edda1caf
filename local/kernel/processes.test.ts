import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "@jest/globals";
import { commandOf, commands, kill } from "./processes.ts";

test("tells a process by its command line while it lives, and ends it once", async () => {
  const child = spawn("/bin/sleep", ["600"]);
  const ended = once(child, "exit");
  const pid = child.pid ?? 0;
  expect(commandOf(pid)).toMatch(/^\/bin\/sleep[ \0]600/);
  expect(new Map(commands()).get(pid)).toMatch(/^\/bin\/sleep[ \0]600/);
  kill(pid);
  expect(await ended).toEqual([null, "SIGKILL"]);
  expect(commandOf(pid)).toBe("");
  expect(() => kill(pid)).not.toThrow();
});
