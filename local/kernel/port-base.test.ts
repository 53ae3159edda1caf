import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { rememberedPortBase, rememberPortBase } from "./port-base.ts";

test("remembers a state's newest base, and nothing that is none", async () => {
  const stateDir = await mkdtemp(join(tmpdir(), "port-base-"));
  expect(rememberedPortBase(stateDir)).toBeUndefined();
  await mkdir(join(stateDir, "cloud"));
  rememberPortBase(stateDir, 28_000);
  rememberPortBase(stateDir, 37_000);
  expect(rememberedPortBase(stateDir)).toBe(37_000);
  for (const damaged of ["", "37", "37000.5", "70000", "here"]) {
    await writeFile(join(stateDir, "cloud", "port-base"), damaged);
    expect(rememberedPortBase(stateDir)).toBeUndefined();
  }
  await rm(stateDir, { recursive: true });
});
