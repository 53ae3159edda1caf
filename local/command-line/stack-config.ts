import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Ports } from "../cloud/parts.ts";
import { Failure } from "./failure.ts";
import { LOCAL_STACK, REPOSITORY } from "./place.ts";

const ACME = "platform:acme";
/** Keys whose values the engine encrypts and never shows. */
export const SECRET_KEYS = ["platform:fastlyApiToken"];

/**
 * A stack's configuration as Pulumi hands it on: full keys, text as it stands, all else as JSON.
 *
 * @throws {Failure} naming the file, when it can't be read.
 */
function readStackConfig(stack: string): Record<string, string> {
  const path = join(REPOSITORY, `Pulumi.${stack}.yaml`);
  let config: Record<string, unknown>;
  try {
    ({ config = {} } = parse(readFileSync(path, "utf8")) as { config?: Record<string, unknown> });
  } catch (error) {
    throw new Failure(`${path} can't be read: ${error instanceof Error ? error.message : error}`, 1, {
      cause: error,
    });
  }
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

/**
 * The local stack's configuration, with the one address in it that depends on where this cloud's ports are.
 * `overrides` come last: what is given by hand holds.
 */
export function readLocalConfig(
  overrides: Readonly<Record<string, string>>,
  { acme }: Ports,
): Record<string, string> {
  const config = readStackConfig(LOCAL_STACK);
  const directoryUrl = `https://localhost:${acme}/dir`;
  const withCa = JSON.stringify({ ...(JSON.parse(config[ACME] ?? "{}") as object), directoryUrl });
  return { ...config, [ACME]: withCa, ...overrides };
}
