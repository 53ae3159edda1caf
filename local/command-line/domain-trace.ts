import { domainToASCII } from "node:url";
import { Failure } from "../../operator/terminal/failure.ts";
import { printJson } from "../../operator/terminal/output.ts";
import { objectOf } from "../kernel/property-values.ts";
import { traceIdOf } from "../services/logging/log-entry.ts";
import { type FoundEntry, LogFiles } from "./log-files.ts";
import { line } from "./log-line.ts";
import { waterfall } from "./trace-display.ts";
import { buildTrace, linkedTraces, type TraceTree } from "./trace-tree.ts";

/** The audit log's words for what starts an order. */
const STARTS: readonly unknown[] = ["domain.register", "domain.retry"];
/** Far beyond a registration with all its deliveries. */
const MOST_ENTRIES = 10_000;

interface Options {
  readonly stateDir: string;
  readonly json?: boolean;
}

/**
 * Shows the trace of a domain's newest registration, from the logs alone: what is done here with files
 * can be done with queries of Cloud Logging: for the audit entry, its trace, the pushes and the challenges.
 */
export async function traceDomain(name: string, { stateDir, json }: Options): Promise<void> {
  const domain = registeredName(name);
  const registration = await newest(stateDir, domain);
  const traceId = registration && traceIdOf(registration.entry);
  if (!traceId) throw new Failure(`No registration of ${domain} is in the logs.`);
  const own = await collect(stateDir, ({ entry }) => traceIdOf(entry) === traceId);
  const linked = linkedTraces(own);
  const among = await collect(stateDir, ({ entry }) => linked.has(traceIdOf(entry) ?? ""));
  const challenges = await collect(
    stateDir,
    challengesDuring(domain, buildTrace(traceId, [...own, ...among])),
  );
  const tree = buildTrace(traceId, [...own, ...among, ...challenges]);
  if (!tree) throw new Failure(`The logs of trace ${traceId} hold no span yet; npm run logs may tell why.`);
  const { orderNumber } = objectOf(registration.entry.jsonPayload?.audit);
  if (json) {
    printJson({ domain, orderNumber, ...tree });
    return;
  }
  process.stdout.write(
    `${domain}, order ${orderNumber}, from ${tree.startTime}, trace ${traceId}\n${waterfall(tree)}\n`,
  );
  for (const found of own.filter(isTrouble)) process.stdout.write(`${line(found)}\n`);
}

/** As the API writes it: IDNA by UTS #46, without a trailing dot. What is no name stays, and is found nowhere. */
function registeredName(name: string): string {
  return (domainToASCII(name) || name).replace(/\.$/, "");
}

async function newest(stateDir: string, domain: string): Promise<FoundEntry | undefined> {
  let found: FoundEntry | undefined;
  for await (const candidate of everything(stateDir)) {
    const audit = objectOf(candidate.entry.jsonPayload?.audit);
    if (audit.domain !== domain || !STARTS.includes(audit.action)) continue;
    if (!found || candidate.entry.timestamp >= found.entry.timestamp) found = candidate;
  }
  return found;
}

async function collect(
  stateDir: string,
  wanted: (found: FoundEntry) => boolean,
): Promise<readonly FoundEntry[]> {
  const entries: FoundEntry[] = [];
  for await (const found of everything(stateDir)) {
    if (entries.length < MOST_ENTRIES && wanted(found)) entries.push(found);
  }
  return entries;
}

/** The CA's own requests, which know nothing of the trace: by the domain's challenges that were asked for during it. */
function challengesDuring(domain: string, tree: TraceTree | undefined): (found: FoundEntry) => boolean {
  if (!tree) return () => false;
  const from = Date.parse(tree.startTime);
  const path = new RegExp(`^https?://${domain.replaceAll(".", "\\.")}(:\\d+)?/\\.well-known/acme-challenge/`);
  const isWithin = (at: number) => at >= from && at <= from + tree.durationMs;
  return ({ entry }) =>
    path.test(entry.httpRequest?.requestUrl ?? "") &&
    isWithin(Date.parse(entry.timestamp)) &&
    traceIdOf(entry) !== tree.traceId;
}

async function* everything(stateDir: string): AsyncGenerator<FoundEntry> {
  const files = new LogFiles(stateDir);
  for (const source of files.sources()) yield* files.read(source);
}

/** What went wrong beside the spans: deliveries that are tried again, for one. */
function isTrouble({ entry }: FoundEntry): boolean {
  return (
    entry.httpRequest === undefined &&
    entry.jsonPayload?.span === undefined &&
    !["DEBUG", "INFO", "NOTICE"].includes(entry.severity)
  );
}
