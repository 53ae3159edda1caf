import { createReadStream, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { absoluteStateDir } from "../kernel/place.ts";
import type { ExportedEntry } from "../services/logging/log-entry.ts";

/** An entry and whose file it is in: a workload's, or a part's of the cloud. */
export interface FoundEntry {
  readonly source: string;
  readonly entry: ExportedEntry;
}

/** The log files of one cloud. Each call of `read` goes on where the one before ended. */
export class LogFiles {
  readonly #folder: string;
  /** How far each file is read, by source and inode: a file that is put aside keeps its own. */
  readonly #offsets = new Map<string, ReadonlyMap<number, number>>();

  constructor(stateDir: string) {
    this.#folder = join(absoluteStateDir(stateDir), "cloud", "logs");
  }

  /** Looked for anew each time: a workload may start to log while somebody follows. */
  sources(): readonly string[] {
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder)
      .filter((file) => file.endsWith(".jsonl"))
      .map((file) => file.slice(0, -".jsonl".length))
      .sort();
  }

  /** New entries of a source: of the file that was put aside, which may still grow for a moment, then of the present one. */
  async *read(source: string): AsyncGenerator<FoundEntry> {
    const known = this.#offsets.get(source);
    const reached = new Map<number, number>();
    const present = join(this.#folder, `${source}.jsonl`);
    for (const path of [`${present}.1`, present]) {
      const file = statSync(path, { throwIfNoEntry: false });
      if (!file) continue;
      const offset = known?.get(file.ino) ?? 0;
      const end = yield* this.#lines(path, source, offset <= file.size ? offset : 0, file.size);
      reached.set(file.ino, end);
    }
    this.#offsets.set(source, reached);
  }

  /** Whole lines between two offsets. Returns where the last one ends: what follows is still being written. */
  async *#lines(
    path: string,
    source: string,
    start: number,
    end: number,
  ): AsyncGenerator<FoundEntry, number> {
    let offset = start;
    let rest: Buffer = Buffer.alloc(0);
    if (start >= end) return offset;
    for await (const chunk of createReadStream(path, { start, end: end - 1 })) {
      rest = Buffer.concat([rest, chunk as Buffer]);
      const whole = rest.lastIndexOf(0x0a) + 1;
      for (const line of rest.subarray(0, whole).toString().split("\n")) {
        const entry = parse(line);
        if (entry) yield { source, entry };
      }
      offset += whole;
      rest = rest.subarray(whole);
    }
    return offset;
  }
}

/** Nothing for what is no entry: a cloud that was killed may have left half a line. */
function parse(line: string): ExportedEntry | undefined {
  try {
    const entry = JSON.parse(line) as Partial<ExportedEntry>;
    return typeof entry.timestamp === "string" && entry.resource ? (entry as ExportedEntry) : undefined;
  } catch {
    return undefined;
  }
}
