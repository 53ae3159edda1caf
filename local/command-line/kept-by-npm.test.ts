import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { Command } from "commander";
import { flagsKeptByNpm } from "./kept-by-npm.ts";

/** What npm makes of a flag without a value of its own. */
const KEPT = "true";

const program = new Command();
program
  .command("up")
  .option("-t, --tree", "")
  .option("--no-first-domain", "")
  .option("--state-dir <folder>", "")
  .option("--json", "");
program
  .command("logs [workload]")
  .option("--follow", "")
  .option("--since <time>", "")
  .option("-i, --trace <id>", "");
const domains = program.command("domains");
domains.command("add <name>").option("--timeout <seconds>", "").option("--stack <stack>", "");

/** What is told of a script that npm runs with these settings. */
function told(line: string, settings: Readonly<Record<string, string>>, script = line.split(" ")[0]) {
  const named = Object.entries(settings).map(([name, value]) => [`npm_config_${name}`, value]);
  return flagsKeptByNpm(program, line.split(" "), {
    npm_lifecycle_event: script,
    ...Object.fromEntries(named),
  });
}

test.each([
  [
    "logs api",
    { follow: KEPT },
    "npm took --follow for itself, for want of a -- before: npm run logs -- api --follow",
  ],
  ["logs 1f", { trace: KEPT }, "npm run logs -- --trace 1f"],
  ["logs 1f 5m", { since: KEPT, trace: KEPT }, "npm run logs -- … --since <time> --trace <id>"],
  ["domains add a.test", { stack: "dev" }, "npm run domains -- add a.test --stack dev"],
  ["domains add a.test 5", { timeout: KEPT }, "npm run domains -- add … --timeout <seconds>"],
  ["up", { first_domain: "" }, "npm run up -- --no-first-domain"],
  ["up", { tree: KEPT, json: KEPT }, "npm took --tree and --json for itself"],
])("tells of %s with npm's settings %j which line was meant", (line, settings, sentence) => {
  expect(told(line, settings)).toContain(sentence);
});

test("tells nothing of settings that are meant for npm: in its files, in another's script, and what it has a use of", async () => {
  const folder = await mkdtemp(join(tmpdir(), "npmrc-"));
  const userconfig = join(folder, "npmrc");
  await writeFile(userconfig, "fund=false\nstate-dir = /tmp\n");
  expect(told("up", { state_dir: "/tmp" })).toBeDefined();
  expect(told("up", { state_dir: "/tmp", userconfig })).toBeUndefined();
  expect(told("up", { state_dir: "/tmp" }, "build")).toBeUndefined();
  expect(told("up", { json: KEPT })).toBeUndefined();
  await rm(folder, { recursive: true });
});
