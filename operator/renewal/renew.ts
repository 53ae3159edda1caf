import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { DomainResource, DomainSummary } from "../../runtime/workloads/domain-api/resources.ts";
import type { ApiClient } from "../api-client.ts";
import type { Step } from "../bulk/each-domain.ts";
import { inBulk } from "../bulk/in-bulk.ts";
import { PatientApi } from "../bulk/patient-api.ts";
import { CDN_WRITES, WRITES_PER_HOUR } from "../limits.ts";
import { registeredDomains } from "../registered-domains.ts";
import type { Target } from "../target.ts";
import { Failure } from "../terminal/failure.ts";
import { paint, printJson, progressStream } from "../terminal/output.ts";
import { planInWords, renewalPlan } from "./renewal-plan.ts";

/** The CDN may take an hour to show what it took: as many as it takes in an hour are under way at once. */
const AT_ONCE = Math.ceil(WRITES_PER_HOUR / CDN_WRITES.renewal);
const FIRST_LOOK_MS = 250;
const LAST_LOOK_MS = 15_000;

export interface RenewOptions {
  readonly json?: boolean;
  readonly all?: boolean;
  /** Has the old certificates revoked, once the new ones are seen at the edge. */
  readonly reason?: string;
  /** What was issued from then on is renewed already. */
  readonly since?: Date;
  readonly first?: string;
  readonly dryRun?: boolean;
  /** Seconds. */
  readonly timeout?: number;
}

interface Renewed {
  readonly domain: string;
  readonly outcome: "renewed" | "failed";
  readonly reason: string | null;
}

/** One certificate, or all of them, before their time. */
export async function renewDomains(
  target: Target,
  name: string | undefined,
  { all = false, ...options }: RenewOptions,
): Promise<void> {
  if (all === (name !== undefined)) throw new Failure("Name a domain, or give --all.");
  const api = new PatientApi(target);
  if (name === undefined) return renewAll(api, options);
  const { timeout = 300, reason, json } = options;
  const { result } = await renewOne(api, name, reason, Date.now() + timeout * 1_000);
  if (result.outcome === "failed") throw new Failure(`${name} is not renewed: ${result.reason}`);
  if (json) printJson(result);
  else process.stdout.write(`${name} is renewed, and served with the new certificate.\n`);
}

async function renewAll(api: ApiClient, options: RenewOptions): Promise<void> {
  const { json, reason, first, dryRun = false, since = new Date(), timeout = 3 * 86_400 } = options;
  const known: DomainSummary[] = [];
  for await (const domain of registeredDomains(api)) known.push(domain);
  const plan = renewalPlan(known, since, first === undefined ? [] : namesIn(first));
  const progress = progressStream(json);
  progress.write(`${planInWords(plan, reason)}\n`);
  for (const domain of plan.unknown) progress.write(`${domain} is not served.\n`);
  if (dryRun) {
    if (json) printJson({ ...plan, since: since.toISOString() });
    return;
  }
  const again = `-- renew --all --since ${since.toISOString()}${reason === undefined ? "" : ` --reason ${reason}`}`;
  progress.write(`If this is interrupted, npm run domains ${again} goes on from there.\n`);

  const deadline = Date.now() + timeout * 1_000;
  const { results, left } = await inBulk(
    plan.domains,
    (domain) => renewOne(api, domain, reason, deadline, since),
    {
      json,
      timeout,
      atOnce: AT_ONCE,
      writesEach: CDN_WRITES.renewal,
      writesPerHour: WRITES_PER_HOUR,
      failed: (domain, why): Renewed => ({ domain, outcome: "failed", reason: why }),
      line: ({ domain, outcome, reason: why }) =>
        outcome === "failed" ? `${paint("red", domain)}: ${why}` : undefined,
    },
  );
  const failed = results.filter(({ outcome }) => outcome === "failed");
  const summary = {
    since: since.toISOString(),
    renewed: results.length - failed.length,
    renewedAlready: plan.renewedAlready,
    failed: failed.map(({ domain, reason: why }) => ({ domain, reason: why })),
    left: left.length,
  };
  if (json) printJson(summary);
  else {
    const missed = failed.length + left.length;
    process.stdout.write(
      `${summary.renewed} renewed, ${missed} not.${missed > 0 ? ` npm run domains ${again} goes on.` : ""}\n`,
    );
  }
  if (failed.length > 0 || left.length > 0) process.exitCode = 1;
}

/** Starts the renewal and waits for its end, whatever it waits for itself. */
async function renewOne(
  api: ApiClient,
  domain: string,
  reason: string | undefined,
  deadline: number,
  since?: Date,
): Promise<Extract<Step<Renewed>, { kind: "settled" }>> {
  const settled = (outcome: Renewed["outcome"], why: string | null) =>
    ({ kind: "settled", result: { domain, outcome, reason: why } }) as const;
  const path = `/v1/domains/${encodeURIComponent(domain)}`;
  if (since && (await wasIssuedSince(api, path, since))) return settled("renewed", null);
  const query = reason === undefined ? "" : `?revoke=${encodeURIComponent(reason)}`;
  const started = (await api.call("POST", `${path}/certificate:renew${query}`)).body as DomainResource;
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(2 * pauseMs, LAST_LOOK_MS)) {
    const seen = (await api.find(path)) as DomainResource | undefined;
    if (!seen) return settled("failed", "It was removed meanwhile.");
    const isDone = seen.phases.some(({ phase }) => phase === "active");
    if (seen.orderNumber > started.orderNumber || (isDone && !seen.isRenewing))
      return settled("renewed", null);
    if (!seen.isRenewing) return settled("failed", seen.reason ?? `It is ${seen.state}.`);
    if (Date.now() > deadline) return settled("failed", seen.reason ?? "It is still under way.");
    await delay(pauseMs * (0.5 + Math.random() / 2));
  }
}

/** By the journal: a CA dates its certificates back, by an hour say, so that those of this hour look older. */
async function wasIssuedSince(api: ApiClient, path: string, since: Date): Promise<boolean> {
  const found = (await api.find(path)) as DomainResource | undefined;
  const issued = found?.phases.find(({ phase }) => phase === "issued");
  return issued !== undefined && !found?.isRenewing && Date.parse(issued.at) >= since.getTime();
}

/** @throws {Failure} */
function namesIn(file: string): readonly string[] {
  try {
    const lines = readFileSync(file, "utf8").split("\n");
    return lines.map((line) => line.trim().toLowerCase()).filter((line) => line !== "");
  } catch (error) {
    throw new Failure(`${file} cannot be read: ${(error as Error).message}`);
  }
}
