import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { parseArgs } from "node:util";
import { Command } from "commander";
import { flagsKeptByNpm } from "./kept-by-npm.ts";

const EXIT_USAGE = 2;
const ACTIONLINT = ".local/bin/actionlint";
const HELP = `npm run check [-- --write]

Format, lint, types, import boundaries and GitHub's workflows, at once. Exits with 1 when any of them finds something.

  --write   mend format and what the linter can mend by itself`;

const values = given();
if (values === undefined) {
  process.exitCode = EXIT_USAGE;
} else if (values.help) {
  process.stdout.write(`${HELP}\n`);
} else {
  const results = await Promise.all([
    run("format and lint", "biome", ["check", "--error-on-warnings", ...(values.write ? ["--write"] : [])]),
    run("types", "tsc", ["-p", "."]),
    run("import boundaries", "depcruise", [
      "stacks",
      "components",
      "runtime",
      "local",
      "review",
      "test",
      "bench",
    ]),
    // Other linters that it would call are on some machines and not on others.
    run("workflows", ACTIONLINT, [
      "-shellcheck=",
      "-pyflakes=",
      ...globSync(".github/workflows/*.yml").sort(),
    ]),
  ]);
  process.exitCode = results.every(Boolean) ? 0 : 1;
}

/** What was asked for, or nothing, once it was told what is wrong with it. */
function given(): { readonly write?: boolean; readonly help?: boolean } | undefined {
  const program = new Command().addCommand(new Command("check").option("--write"));
  const kept = flagsKeptByNpm(program, ["check", ...process.argv.slice(2)], process.env);
  if (kept !== undefined) {
    process.stderr.write(`${kept}\n`);
    return undefined;
  }
  try {
    return parseArgs({ options: { write: { type: "boolean" }, help: { type: "boolean", short: "h" } } })
      .values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n(--help shows what there is)\n`);
    return undefined;
  }
}

/** Prints a check's output whole, once it has ended, so that checks at the same time don't mix. */
async function run(title: string, command: string, args: readonly string[]): Promise<boolean> {
  const program = command.includes("/") ? command : `node_modules/.bin/${command}`;
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text: Buffer) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", resolve);
  });
  process.stdout.write(`${code === 0 ? "ok    " : "FAILED"}  ${title}\n${code === 0 ? "" : output}`);
  return code === 0;
}
