import { mkdirSync, readFileSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { EngineRefusal, EXIT } from "./engine-refusal.ts";
import { STATE_VERSION, type StateDocument, stateDocument } from "./records.ts";
import { migrated } from "./state-migration.ts";

/** @throws {EngineRefusal} when the file cannot be read, is damaged, or is of a newer version. */
export function readStateFile(path: string): StateDocument {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw unreadable(path, error);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw unusable(
      path,
      "is damaged: it is not complete JSON. Nothing was changed; restore it from a copy.",
      error,
    );
  }
  const version = (json as { version?: unknown } | null)?.version;
  if (typeof version === "number" && version > STATE_VERSION) {
    throw unusable(
      path,
      `is of version ${version}, and this engine reads up to ${STATE_VERSION}; use a newer engine.`,
    );
  }
  const parsed = stateDocument.safeParse(migrated(json as Readonly<Record<string, unknown>>));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw unusable(path, `is damaged: ${issue?.path.join(".") || "it"} ${issue?.message}.`, parsed.error);
}

/** Under another name first: whoever reads the state, or is killed while writing it, never has half of it. */
export async function replaceStateFile(path: string, text: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.tmp`;
  const file = await open(draft, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await syncFolder(dirname(path));
}

/** That a file was renamed or made is durable only once its folder is. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  await folder.sync().finally(() => folder.close());
}

export function unusable(path: string, reason: string, cause?: unknown): EngineRefusal {
  return new EngineRefusal(`The state ${path} ${reason}`, { cause, exitCode: EXIT.stateUnusable });
}

/** That a file cannot be read says nothing of what is in it. */
export function unreadable(path: string, cause: unknown): EngineRefusal {
  return unusable(path, `cannot be read (${(cause as NodeJS.ErrnoException).code}).`, cause);
}
