import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { Failure } from "../../operator/terminal/failure.ts";
import { DEFAULT_PORT_BASE } from "../kernel/claim-ports.ts";
import type { Ports } from "../kernel/contract.ts";
import { EXISTING_KEY } from "../pulumi/existing.ts";
import { LOCAL_STACK, PROJECT } from "../pulumi/local-stack.ts";

/** Keys whose values the engine encrypts and never shows. */
export const SECRET_KEYS = [
  "platform:fastlyApiToken",
  "platform:externalAccountKeys",
  "platform:originSecret",
  "platform:formerOriginSecret",
  "platform:slackWebhookUrl",
  "platform:sentryDsn",
];
/** Those that a stack can do without. */
const OPTIONAL_KEYS = [
  "platform:externalAccountKeys",
  "platform:formerOriginSecret",
  "platform:slackWebhookUrl",
  "platform:sentryDsn",
];
/** An address of this machine as the local stack's file has it: for the default ports. */
const LOCAL_ADDRESS = /\blocalhost:(\d+)\b/g;

/** A stack's configuration as Pulumi hands it on: full keys, text as it stands, all else as JSON. */
export interface StackConfig {
  readonly values: Readonly<Record<string, string>>;
  readonly secretKeys: readonly string[];
  /** Keys of secrets that are not to be had here, and why; their values are placeholders. */
  readonly placeholders: ReadonlyMap<string, "encrypted" | "not set">;
}

/**
 * Secrets that Pulumi's CLI encrypted, and those that are not set, get placeholders: a preview compares
 * no secret, and need not be able to read one. `overrides` come last: what is given by hand holds.
 *
 * @throws {Failure} naming the file, when it can't be read, or the stacks that there are.
 */
export function readStackConfig(
  stack: string,
  overrides: Readonly<Record<string, string>>,
  folder: string,
): StackConfig {
  const values: Record<string, string> = {};
  const secretKeys = new Set(SECRET_KEYS);
  const placeholders = new Map<string, "encrypted" | "not set">();
  for (const [name, value] of Object.entries(readFile(stack, folder))) {
    const key = name.includes(":") ? name : `${PROJECT}:${name}`;
    const open = withPlaceholders(value, key);
    values[key] = typeof open === "string" ? open : JSON.stringify(open);
    if (JSON.stringify(open) === JSON.stringify(value)) continue;
    secretKeys.add(key);
    placeholders.set(key, "encrypted");
  }
  const isPlatform = Object.keys(values).some((key) => key.startsWith(`${PROJECT}:`) && key !== EXISTING_KEY);
  const required = isPlatform ? SECRET_KEYS.filter((key) => !OPTIONAL_KEYS.includes(key)) : [];
  for (const key of required.filter((each) => values[each] === undefined)) {
    values[key] = placeholderOf(key);
    placeholders.set(key, "not set");
  }
  for (const [key, value] of Object.entries(overrides)) {
    values[key] = value;
    placeholders.delete(key);
  }
  return { values, secretKeys: [...secretKeys], placeholders };
}

/** The local stack's configuration, with the addresses in it leading to where this cloud's ports are. */
export function readLocalConfig(
  overrides: Readonly<Record<string, string>>,
  { control }: Ports,
  folder: string,
): Readonly<Record<string, string>> {
  const { values } = readStackConfig(LOCAL_STACK, {}, folder);
  const moved = Object.entries(values).map(([key, value]) => [
    key,
    value.replaceAll(LOCAL_ADDRESS, (_, port) => `localhost:${Number(port) - DEFAULT_PORT_BASE + control}`),
  ]);
  return { ...Object.fromEntries(moved), ...overrides };
}

/** Those that have a file of settings. */
export function stacksOf(folder: string): readonly string[] {
  return readdirSync(folder)
    .flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? [])
    .sort();
}

function readFile(stack: string, folder: string): Readonly<Record<string, unknown>> {
  const file = `Pulumi.${stack}.yaml`;
  const stacks = stacksOf(folder);
  if (!stacks.includes(stack)) {
    throw new Failure(
      `A stack must be one of ${stacks.join(", ")}; got "${stack}", and there is no ${file}.`,
    );
  }
  try {
    const { config } = parse(readFileSync(join(folder, file), "utf8")) as {
      config?: Record<string, unknown>;
    };
    return config ?? {};
  } catch (error) {
    throw new Failure(
      `${join(folder, file)} can't be read: ${error instanceof Error ? error.message : error}`,
      1,
      { cause: error },
    );
  }
}

/** `{ secure: CIPHERTEXT }`, wherever it stands in a value, is a secret of Pulumi's CLI. */
function withPlaceholders(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value.map((item) => withPlaceholders(item, key));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]?.[0] === "secure") return placeholderOf(key);
  return Object.fromEntries(entries.map(([name, item]) => [name, withPlaceholders(item, key)]));
}

function placeholderOf(key: string): string {
  return `placeholder-of-${key.replace(":", "-")}`;
}
