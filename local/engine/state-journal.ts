import { readFileSync } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { type StateChange, stateChange } from "./state-changes.ts";
import { syncFolder, unreadable, unusable } from "./state-file.ts";

const head = z.strictObject({ continues: z.string() });

/**
 * What became of a state since its file was written whole, one JSON line a change, in `STACK.journal`. Its
 * first line names the writing of the state that it continues: beside any other one it means nothing.
 */
export class StateJournal {
  readonly #path: string;
  readonly #continues: string;
  #file: FileHandle | undefined;
  #bytes = 0;

  constructor(statePath: string, continues: string) {
    this.#path = journalPath(statePath);
    this.#continues = continues;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves when the lines are on the disk. After a failure the journal must not be used any more: its end may be torn. */
  async append(lines: readonly string[]): Promise<void> {
    const isNew = this.#file === undefined;
    this.#file ??= await open(this.#path, "w", 0o600);
    const all = isNew ? [JSON.stringify({ continues: this.#continues }), ...lines] : lines;
    const bytes = Buffer.from(`${all.join("\n")}\n`);
    await this.#file.appendFile(bytes);
    await this.#file.datasync();
    if (isNew) await syncFolder(dirname(this.#path));
    this.#bytes += bytes.length;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }
}

export async function removeJournal(statePath: string): Promise<void> {
  await rm(journalPath(statePath), { force: true });
}

/**
 * The changes since the writing of the state that is named.
 * @returns undefined when the journal continues another one.
 * @throws {EngineRefusal} when it cannot be read, or is damaged. A torn end is no damage: nobody was told that it is on the disk.
 */
export function readJournal(statePath: string, continues: string): readonly StateChange[] | undefined {
  let lines: string[];
  try {
    lines = readFileSync(journalPath(statePath), "utf8").split("\n");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw unreadable(journalPath(statePath), error);
  }
  lines.pop();
  const values = lines.map(parsed);
  const whole = values.findLastIndex((value) => value !== undefined) + 1;
  const [first, ...changes] = values.slice(0, whole);
  if (first === undefined || head.safeParse(first).data?.continues !== continues) return undefined;
  return changes.map((value, index) => {
    const change = stateChange.safeParse(value);
    if (change.success) return change.data;
    throw unusable(
      statePath,
      `is damaged: line ${index + 2} of ${journalPath(statePath)} is not a change. Nothing was changed; restore both from a copy.`,
      change.error,
    );
  });
}

function journalPath(statePath: string): string {
  return statePath.replace(/\.json$/, ".journal");
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
