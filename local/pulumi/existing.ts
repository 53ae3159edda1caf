import { existsSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { Failure } from "../../operator/terminal/failure.ts";
import type { Workspace } from "./workspace.ts";

/** The key under which a stack says what stands in its project already, made by something else. */
export const EXISTING_KEY = "platform:existing";
const names = z.array(z.string().min(1));

/**
 * The names that a stack's configuration declares to lead somewhere, though its program makes nothing of that name: ids
 * (`projects/P/topics/T`), accounts' addresses, services (`pubsub.googleapis.com`).
 *
 * @throws {Failure} where they are no list of names.
 */
export function existingNames({ settingsFile }: Pick<Workspace, "settingsFile">): readonly string[] {
  if (!existsSync(settingsFile)) return [];
  const { config } = parse(readFileSync(settingsFile, "utf8")) as { config?: Record<string, unknown> };
  const given = config?.[EXISTING_KEY];
  if (given === undefined) return [];
  const read = names.safeParse(typeof given === "string" ? jsonOf(given) : given);
  if (read.success) return read.data;
  throw new Failure(
    `${EXISTING_KEY} must be a list of names, ["projects/P/topics/T", …]; got ${JSON.stringify(given)}.`,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
