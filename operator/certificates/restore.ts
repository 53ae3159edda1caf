import type { ApiClient } from "../api-client.ts";
import type { Step } from "../bulk/each-domain.ts";
import { inBulk } from "../bulk/in-bulk.ts";
import { PatientApi } from "../bulk/patient-api.ts";
import { howToSee, until } from "../domains.ts";
import { CDN_WRITES, WRITES_PER_HOUR } from "../limits.ts";
import { registeredDomains } from "../registered-domains.ts";
import type { Target } from "../target.ts";
import { Failure } from "../terminal/failure.ts";
import { paint, printJson } from "../terminal/output.ts";
import {
  ask,
  certificateOf,
  type Finding,
  finding,
  requireCertificate,
  seenAtEdge,
  shows,
} from "./certificate-api.ts";

/** For one of many, before the next one's turn: an edge that takes longer is `verify`'s to look at. */
const EDGE_SECONDS = 10;
const FINDING_SECONDS = 300;
const CONFLICT = 409;

export interface RestoreOptions {
  readonly json?: boolean;
  readonly all?: boolean;
  /** Seconds. */
  readonly timeout?: number;
}

interface Restored {
  readonly domain: string;
  readonly outcome: "restored" | "accepted" | "at-the-edge" | "no-backup" | "under-way" | "failed";
  readonly version: string | null;
  readonly reason: string | null;
}

/** One domain's, or all of them, where the service at the CDN is empty, say. Safe to repeat. */
export async function restoreCertificates(
  target: Target,
  name: string | undefined,
  { all = false, ...options }: RestoreOptions,
): Promise<void> {
  if (all === (name !== undefined)) throw new Failure("Name a domain, or give --all.");
  const api = new PatientApi(target);
  if (name !== undefined) await restoreOne(api, name, options);
  else await restoreAll(api, options);
}

async function restoreOne(
  api: ApiClient,
  name: string,
  { json, timeout = 120 }: RestoreOptions,
): Promise<void> {
  const { domain } = await requireCertificate(api, name);
  const found = await finding(api, await ask(api, domain, "restore"), timeout);
  if (found.outcome !== "restored") throw new Failure(reasonOf(domain, found));
  for (const { version, why } of found.passedOver) process.stderr.write(`Backup ${version} ${why}.\n`);
  const sight = await until(timeout, `the edge to show ${domain}'s certificate`, async () => {
    const seen = await seenAtEdge(api, domain);
    return "error" in seen || !shows(seen, found.backup?.serial) ? undefined : seen;
  });
  if (json) printJson({ domain, ...sight });
  else {
    process.stdout.write(
      `${domain} is back at the edge: serial ${sight.serialNumber}, until ${sight.notAfter}.\n`,
    );
    process.stdout.write(`${howToSee(api.target, domain)}\n`);
  }
}

async function restoreAll(api: ApiClient, { json, timeout = 2 * 86_400 }: RestoreOptions): Promise<void> {
  const names: string[] = [];
  for await (const { domain, state } of registeredDomains(api)) if (state !== "removing") names.push(domain);
  const { results, left } = await inBulk(names, (domain) => restoreOneOfAll(api, domain), {
    json,
    timeout,
    writesEach: CDN_WRITES.restore,
    writesPerHour: WRITES_PER_HOUR,
    failed: (domain, reason): Restored => ({ domain, outcome: "failed", version: null, reason }),
    line: ({ domain, outcome, reason }) => {
      if (outcome === "failed") return `${paint("red", domain)}: ${reason}`;
      return reason === null ? undefined : `${domain}: ${reason}`;
    },
  });
  const count = (outcome: Restored["outcome"]) => results.filter((one) => one.outcome === outcome).length;
  const summary = {
    domains: names.length,
    restored: count("restored"),
    accepted: count("accepted"),
    atTheEdge: count("at-the-edge"),
    noBackup: count("no-backup"),
    underWay: count("under-way"),
    failed: results.filter(({ outcome }) => outcome === "failed"),
    olderTaken: results.filter(({ outcome, reason }) => outcome !== "failed" && reason !== null),
    left: left.length,
  };
  if (json) printJson(summary);
  else process.stdout.write(`${inSentences(summary)}\n`);
  if (summary.failed.length > 0 || left.length > 0) process.exitCode = 1;
}

async function restoreOneOfAll(api: ApiClient, domain: string): Promise<Step<Restored>> {
  const settled = (outcome: Restored["outcome"], version: string | null, reason: string | null) =>
    ({ kind: "settled", result: { domain, outcome, version, reason } }) as const;
  const certificate = await certificateOf(api, domain);
  if (!certificate) return settled("no-backup", null, null);
  const before = await seenAtEdge(api, domain);
  const last = certificate.finding?.outcome === "restored" ? certificate.finding.backup : null;
  for (const { serial, version } of [certificate, ...(last ? [last] : [])]) {
    if (shows(before, serial)) return settled("at-the-edge", version, null);
  }

  const asked = await ask(api, domain, "restore");
  if (asked.kind === "refused" && asked.status === CONFLICT) return settled("under-way", null, null);
  const found = await finding(api, asked, FINDING_SECONDS);
  if (found.outcome !== "restored") {
    const why = reasonOf(domain, found);
    return found.retryAt === null
      ? settled("failed", null, why)
      : { kind: "later", at: new Date(found.retryAt), why };
  }
  const { version, serial } = found.backup ?? { version: null, serial: null };
  const older = found.passedOver.map((one) => `backup ${one.version} ${one.why}`).join(", ");
  const said = older === "" ? null : `${older}; ${version} was taken`;
  const isSeen = await until(EDGE_SECONDS, "the edge", async () =>
    shows(await seenAtEdge(api, domain), serial) ? true : undefined,
  ).catch(() => false);
  return settled(isSeen ? "restored" : "accepted", version, said);
}

function reasonOf(domain: string, { reason }: Finding): string {
  return reason ?? `${domain} was not restored.`;
}

function inSentences(summary: {
  readonly domains: number;
  readonly restored: number;
  readonly accepted: number;
  readonly atTheEdge: number;
  readonly noBackup: number;
  readonly underWay: number;
  readonly failed: readonly unknown[];
  readonly left: number;
}): string {
  const parts: readonly (readonly [number, string])[] = [
    [summary.restored, "restored and seen at the edge"],
    [summary.accepted, "restored and not seen at the edge yet, which can take an hour"],
    [summary.atTheEdge, "at the edge already"],
    [summary.noBackup, "without a backup"],
    [summary.underWay, "with an order under way, which ends at the edge by itself"],
    [summary.failed.length, "failed"],
    [summary.left, "not reached in time: the same command goes on"],
  ];
  const said = parts.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`);
  return `Of ${summary.domains} domains: ${said.join("; ") || "nothing to do"}.`;
}
