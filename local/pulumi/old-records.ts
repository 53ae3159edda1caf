import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "./local-stack.ts";

/** Of each update: its whole state as it was at the end. */
const KEPT_UPDATES = 20;
/** Of each start of the CLI. */
const KEPT_LOGS = 100;

/** Removes what Pulumi's CLI writes at every start or update and never removes, except for the newest. */
export function removeOldRecords(backend: string, home: string, stack: string): void {
  const history = join(backend, ".pulumi", "history", PROJECT, stack);
  // STACK-NANOSECONDS.history.json, .checkpoint.json and what belongs to each.
  const files = filesIn(history);
  const updates = [...new Set(files.map((name) => name.split(".")[0]))].sort().reverse();
  const kept = new Set(updates.slice(0, KEPT_UPDATES));
  remove(
    history,
    files.filter((name) => !kept.has(name.split(".")[0])),
  );

  const logs = join(home, "logs");
  const writtenAt = (name: string) => statSync(join(logs, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const newestFirst = filesIn(logs)
    .map((name) => ({ name, at: writtenAt(name) }))
    .sort((left, right) => right.at - left.at);
  remove(
    logs,
    newestFirst.slice(KEPT_LOGS).map(({ name }) => name),
  );
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function remove(folder: string, names: readonly string[]): void {
  for (const name of names) rmSync(join(folder, name), { force: true });
}
