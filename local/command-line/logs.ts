import { createReadStream, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Failure } from "./failure.ts";
import { paint } from "./output.ts";
import { absoluteStateDir } from "./place.ts";

const SEVERITIES = ["DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL"];
const POLL_MS = 200;
/** Where an entry comes from and what it belongs to; and what a message about a request says already. */
const UNSHOWN =
  /^(timestamp|service|revision|trace|logging\.googleapis\.com\/.*|messageId|subscription|deliveryAttempt|status|latencyMs|remoteIp)$/;

interface Options {
  readonly stateDir: string;
  readonly follow?: boolean;
  readonly severity: string;
  readonly lines: number;
  readonly json?: boolean;
}

interface Entry {
  readonly time: string;
  readonly severity: string;
  readonly source: string;
  readonly message: string;
}

export async function logs(source: string | undefined, options: Options): Promise<void> {
  const least = SEVERITIES.indexOf(options.severity.toUpperCase());
  if (least < 0)
    throw new Failure(`--severity must be one of ${SEVERITIES.join(", ")}; got ${options.severity}.`, 2);
  const folder = join(absoluteStateDir(options.stateDir), "cloud", "logs");
  const known = sourcesIn(folder);
  if (source !== undefined && !known.includes(source)) {
    throw new Failure(`Nothing was logged by ${source}; there is ${known.join(", ") || "nothing yet"}.`);
  }

  const positions = new Map<string, number>();
  const show = (entries: readonly Entry[]) => {
    for (const entry of entries)
      process.stdout.write(`${options.json ? JSON.stringify(entry) : line(entry)}\n`);
  };
  const readNew = async () => {
    const entries: Entry[] = [];
    for (const name of source === undefined ? sourcesIn(folder) : [source]) {
      entries.push(...(await readFrom(join(folder, `${name}.jsonl`), positions)));
    }
    return entries
      .filter(({ severity }) => SEVERITIES.indexOf(severity) >= least)
      .sort((a, b) => (a.time < b.time ? -1 : 1));
  };
  show((await readNew()).slice(-options.lines));
  while (options.follow) {
    await delay(POLL_MS);
    show(await readNew());
  }
}

/** Looked for anew each time: a workload may start to log while somebody follows. */
function sourcesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(".jsonl"))
    .map((file) => file.slice(0, -".jsonl".length));
}

/** Whole lines that came since the last call; a file that was rotated is read from its start. */
async function readFrom(path: string, positions: Map<string, number>): Promise<Entry[]> {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const before = positions.get(path) ?? 0;
  const start = before > size ? 0 : before;
  if (start === size) return [];
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(path, { start, end: size - 1 })) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  // What follows the last newline is still being written.
  const whole = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
  positions.set(path, start + whole.length);
  return whole
    .toString()
    .split("\n")
    .flatMap((text) => parse(text));
}

/** Nothing for what is no entry: a cloud that was killed may have left half a line. */
function parse(text: string): readonly Entry[] {
  try {
    return [JSON.parse(text) as Entry];
  } catch {
    return [];
  }
}

function line({ time, severity, source, message, ...more }: Entry): string {
  const at = SEVERITIES.indexOf(severity);
  const mark = severity.padEnd(8);
  const details = Object.entries(more).flatMap(([name, value]) => detail(name, value));
  return [
    paint("dim", time),
    at >= 4 ? paint("red", mark) : at === 3 ? paint("yellow", mark) : mark,
    paint("cyan", source),
    [message, ...details].join(" "),
  ].join("  ");
}

/** `name=value`, in quotes where its end would be unclear; of an error, what it says. */
function detail(name: string, value: unknown): readonly string[] {
  if (UNSHOWN.test(name)) return [];
  if (typeof value === "string")
    return [`${name}=${/^[\w.:/@-]+$/.test(value) ? value : JSON.stringify(value)}`];
  if (typeof value === "number" || typeof value === "boolean") return [`${name}=${value}`];
  const said = (value as { readonly message?: unknown } | null)?.message;
  return typeof said === "string" ? [`${name}=${JSON.stringify(said)}`] : [];
}
