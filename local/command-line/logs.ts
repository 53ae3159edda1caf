import { setTimeout as delay } from "node:timers/promises";
import { parseSince } from "../../operator/terminal/durations.ts";
import { Failure } from "../../operator/terminal/failure.ts";
import { SEVERITIES } from "../services/logging/filter-rules.ts";
import { traceIdOf } from "../services/logging/log-entry.ts";
import { type FoundEntry, LogFiles } from "./log-files.ts";
import { line } from "./log-line.ts";

const POLL_MS = 200;
const DEFAULT_LINES = 100;
/** Where a trace or a time says what is wanted. */
const MOST_LINES = 10_000;

interface Options {
  readonly stateDir: string;
  readonly follow?: boolean;
  readonly severity: string;
  readonly trace?: string;
  readonly since?: string;
  readonly lines?: number;
  readonly json?: boolean;
}

/** @param workload a source, or a part of its name: `domain-api` of `certs-domain-api-4f1a2b3`. */
export async function logs(workload: string | undefined, options: Options): Promise<void> {
  const { since, trace, json, follow, lines = trace || since ? MOST_LINES : DEFAULT_LINES } = options;
  const wanted = matcher(options);
  const files = new LogFiles(options.stateDir);
  const sources = () =>
    files.sources().filter((source) => workload === undefined || source.includes(workload));
  if (workload !== undefined && sources().length === 0) {
    throw new Failure(
      `Nothing was logged by ${workload}; there is ${files.sources().join(", ") || "nothing yet"}.`,
    );
  }

  const show = async (most: number) => {
    const found = await collect(files, sources(), wanted, most);
    for (const each of found) process.stdout.write(`${json ? JSON.stringify(each.entry) : line(each)}\n`);
    return found.length;
  };
  const shown = await show(lines);
  if (!follow) {
    if (trace !== undefined && shown === 0) throw new Failure(await whyNothing(trace, workload, options));
    return;
  }
  const interrupted = new AbortController();
  const end = () => interrupted.abort();
  process.once("SIGINT", end).once("SIGTERM", end);
  // Nobody reads any more.
  process.stdout.once("error", end);
  while (!interrupted.signal.aborted) {
    await delay(POLL_MS, undefined, { signal: interrupted.signal }).catch(() => undefined);
    await show(MOST_LINES);
  }
}

/** A trace that is nowhere was mistyped; what other options leave out is there to be asked for. */
async function whyNothing(trace: string, workload: string | undefined, options: Options): Promise<string> {
  const { stateDir } = options;
  const files = new LogFiles(stateDir);
  const all = await collect(files, files.sources(), matcher({ stateDir, severity: "DEFAULT", trace }), 1);
  if (all.length === 0) return `No log has an entry of trace ${trace}.`;
  const narrowing = [
    ...(workload === undefined ? [] : [`logged by ${workload}`]),
    ...(options.since === undefined ? [] : [`newer than --since ${options.since}`]),
    `of severity ${options.severity.toUpperCase()} or above`,
  ];
  return `The logs have entries of trace ${trace}, and none that is ${narrowing.join(" and ")}.`;
}

/** @throws {Failure} for an option that says nothing of use. */
function matcher({ severity, since, trace }: Options): (found: FoundEntry) => boolean {
  const known: readonly string[] = SEVERITIES;
  const least = known.indexOf(severity.toUpperCase());
  if (least < 0) throw new Failure(`--severity must be one of ${known.join(", ")}; got ${severity}.`, 2);
  const from = since === undefined ? 0 : parseSince(since, Date.now());
  if (from === undefined) {
    throw new Failure(
      `--since must be a time such as 2027-01-31T12:00:00Z, or how long ago: 90s, 10m, 2h or 1d; got ${since}.`,
      2,
    );
  }
  const traceId = trace?.slice(trace.lastIndexOf("/") + 1);
  return ({ entry }) =>
    known.indexOf(entry.severity) >= least &&
    Date.parse(entry.timestamp) >= from &&
    (traceId === undefined || traceIdOf(entry) === traceId);
}

/** The newest of each source, `most` in all, in the order of their times. */
async function collect(
  files: LogFiles,
  sources: readonly string[],
  wanted: (found: FoundEntry) => boolean,
  most: number,
): Promise<readonly FoundEntry[]> {
  const all: FoundEntry[] = [];
  for (const source of sources) {
    const newest: FoundEntry[] = [];
    for await (const found of files.read(source)) {
      if (!wanted(found)) continue;
      newest.push(found);
      if (newest.length >= 2 * most) newest.splice(0, most);
    }
    all.push(...newest.slice(-most));
  }
  // What the sort leaves in place came in that order.
  return all.sort((a, b) => Date.parse(a.entry.timestamp) - Date.parse(b.entry.timestamp)).slice(-most);
}
