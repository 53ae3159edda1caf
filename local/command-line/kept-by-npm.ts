import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command, Option } from "commander";

/** What npm has a use of its own for may be set for that, in a shell's environment say: alone it tells nothing. */
const NPMS_OWN = ["json", "diff"];

/**
 * What is wrong with `npm run up --port-base 37000`, and the line that was meant: npm takes flags before a `--` for
 * settings of its own, hands them on in the environment alone, and their values as arguments.
 */
export function flagsKeptByNpm(
  program: Command,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): string | undefined {
  // Whoever runs us within a script of their own has npm's settings for that script.
  if (env.npm_lifecycle_event === undefined || env.npm_lifecycle_event !== args[0]) return undefined;
  const command = named(program, args);
  const kept = command.options.filter((option) => isKept(option, env));
  if (kept.every((option) => NPMS_OWN.includes(option.name()))) return undefined;
  const path = args.slice(0, depthOf(command));
  const given = args.slice(path.length);
  const [script, ...rest] = path;
  const line = ["npm run", script, "--", ...rest, ...withValues(kept, given, env)].join(" ");
  const flags = kept.map(({ long }) => long).join(" and ");
  return `npm took ${flags} for itself, for want of a -- before: ${line}`;
}

function named(command: Command, [name, ...rest]: readonly string[]): Command {
  const found = command.commands.find((each) => each.name() === name);
  return found ? named(found, rest) : command;
}

function depthOf({ parent }: Command): number {
  return parent ? 1 + depthOf(parent) : 0;
}

function isKept(option: Option, env: NodeJS.ProcessEnv): boolean {
  const value = env[settingOf(option)];
  // `--no-…` is there, and false.
  return value !== undefined && (value === "") === option.negate && !isInSettings(option, env);
}

function settingOf(option: Option): string {
  return `npm_config_${keyOf(option).replaceAll("-", "_")}`;
}

function keyOf(option: Option): string {
  return option.name().replace(/^no-/, "");
}

/** Whether one of npm's files says so: those are for npm. */
function isInSettings(option: Option, env: NodeJS.ProcessEnv): boolean {
  const files = [
    env.npm_config_userconfig,
    env.npm_config_globalconfig,
    join(env.npm_config_local_prefix ?? ".", ".npmrc"),
  ];
  const line = new RegExp(`^\\s*${keyOf(option)}(\\[\\])?\\s*(=|$)`, "m");
  return files.some((file) => file !== undefined && line.test(textOf(file)));
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** What came through as arguments is the value of the one flag that takes one; of several it can't be told whose. */
function withValues(
  kept: readonly Option[],
  given: readonly string[],
  env: NodeJS.ProcessEnv,
): readonly string[] {
  const lacking = kept.filter((option) => option.required && isTrue(env[settingOf(option)]));
  const isPlain = lacking.length === 0 || (lacking.length === 1 && given.length === 1);
  const before = lacking.length === 0 ? given : isPlain || given.length === 0 ? [] : ["…"];
  const flags = kept.map((option) => {
    if (!option.required) return option.long;
    if (lacking.includes(option))
      return isPlain ? `${option.long} ${given[0]}` : option.flags.replace(/^-\w, /, "");
    return `${option.long} ${env[settingOf(option)]}`;
  });
  return [...before, ...flags.map(String)];
}

/** Given several times, it is a list, on lines of its own. */
function isTrue(value: string | undefined): boolean {
  return /^(true\s*)+$/.test(value ?? "");
}
