import { createWriteStream, mkdirSync, renameSync, statSync, type WriteStream } from "node:fs";
import { join } from "node:path";
import type { LogEntry, Logging as LoggingContract } from "../parts.ts";

/** A file past this size becomes `SOURCE.jsonl.1`, in place of the one before. */
const ROTATE_BYTES = 16 * 1024 * 1024;

/** Google takes a trace's whole name as well as its id; here it is the id, so that one search finds all. */
const TRACE_PREFIX = /^projects\/[^/]+\/traces\//;

/** One JSON line an entry in `STATE_DIR/cloud/logs/SOURCE.jsonl`; at most 32 MiB a source. */
export class Logging implements LoggingContract {
  readonly #folder: string;
  readonly #files = new Map<string, { stream: WriteStream; bytes: number }>();
  readonly #listeners = new Set<(entry: LogEntry) => void>();

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  write(entry: LogEntry): void {
    const trace = entry.trace === undefined ? {} : { trace: entry.trace.replace(TRACE_PREFIX, "") };
    const line = `${JSON.stringify({ ...entry, ...trace, time: new Date().toISOString() })}\n`;
    const file = this.#file(entry.source.replaceAll(/[^\w.-]/g, "_"));
    file.stream.write(line);
    file.bytes += Buffer.byteLength(line);
    for (const listener of this.#listeners) listener(entry);
  }

  /** Calls `listener` for each entry from now on. Returns the end of the subscription. */
  subscribe(listener: (entry: LogEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#files.values()].map(({ stream }) => new Promise<void>((resolve) => stream.end(resolve))),
    );
    this.#files.clear();
  }

  #file(source: string): { stream: WriteStream; bytes: number } {
    const open = this.#files.get(source);
    if (open && open.bytes < ROTATE_BYTES) return open;
    const path = join(this.#folder, `${source}.jsonl`);
    if (open) {
      open.stream.end();
      renameSync(path, `${path}.1`);
    }
    const file = { stream: createWriteStream(path, { flags: "a" }), bytes: open ? 0 : size(path) };
    this.#files.set(source, file);
    return file;
  }
}

function size(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
