import { setTimeout as delay } from "node:timers/promises";
import type { DomainResource, DomainSummary } from "../../runtime/workloads/domain-api/resources.ts";
import type { ApiClient } from "../api-client.ts";
import type { Step } from "../bulk/each-domain.ts";
import { inBulk } from "../bulk/in-bulk.ts";
import { PatientApi } from "../bulk/patient-api.ts";
import { limitedMs } from "../bulk/progress.ts";
import { CDN_WRITES, WRITES_PER_HOUR } from "../limits.ts";
import { registeredDomains } from "../registered-domains.ts";
import type { Target } from "../target.ts";
import { confirmByTyping } from "../terminal/confirm.ts";
import { duration } from "../terminal/durations.ts";
import { paint, printJson, progressStream } from "../terminal/output.ts";

/** As many as the CDN takes in an hour: what waits for its limit is not looked at one by one. */
const AT_ONCE = Math.ceil(WRITES_PER_HOUR / CDN_WRITES.removal);
const FIRST_LOOK_MS = 250;
const LAST_LOOK_MS = 15_000;
/** One that takes longer does not only wait for the CDN's hour: it is told, and the others go on. */
const PATIENCE_MS = 2 * 3_600_000;
/** Whoever still registers after so many rounds has not been told to stop. */
const MAX_ROUNDS = 5;

export interface TeardownOptions {
  readonly json?: boolean;
  readonly stack: string;
  /** Asks nobody. */
  readonly yes?: boolean;
  /** Seconds. */
  readonly timeout: number;
}

interface Removed {
  readonly domain: string;
  readonly outcome: "removed" | "failed";
  readonly reason: string | null;
}

/**
 * Takes off the CDN what the platform put there at run time, which no `pulumi destroy` knows of: every domain's link,
 * activation, certificate and key. Domain by domain, as a removal does, within the CDN's limit; backups stay. Safe to
 * repeat, and to interrupt.
 */
export async function tearDown(
  target: Target,
  { stack, json, yes, timeout }: TeardownOptions,
): Promise<void> {
  const api = new PatientApi(target);
  const progress = progressStream(json);
  const deadline = Date.now() + timeout * 1_000;
  let waiting = await registered(api);
  progress.write(`${planInWords(stack, waiting)}\n`);
  if (waiting.length > 0 && !yes) await confirmByTyping(stack);

  const removed: string[] = [];
  let failed: readonly Removed[] = [];
  let left: readonly string[] = [];
  for (let round = 1; waiting.length > 0; round++) {
    const names = waiting.map(({ domain }) => domain);
    const ended = await inBulk(names, (domain) => removeOne(api, domain, deadline), {
      json,
      timeout: Math.max(0, deadline - Date.now()) / 1_000,
      atOnce: AT_ONCE,
      writesEach: CDN_WRITES.removal,
      writesPerHour: WRITES_PER_HOUR,
      failed: (domain, reason): Removed => ({ domain, outcome: "failed", reason }),
      line: ({ domain, outcome, reason }) =>
        outcome === "failed" ? `${paint("red", domain)}: ${reason}` : undefined,
    });
    removed.push(...ended.results.filter(({ outcome }) => outcome === "removed").map(({ domain }) => domain));
    failed = ended.results.filter(({ outcome }) => outcome === "failed");
    left = ended.left;
    if (failed.length > 0 || left.length > 0) break;
    waiting = await registered(api);
    if (round === MAX_ROUNDS || waiting.length === 0) left = waiting.map(({ domain }) => domain);
    if (round === MAX_ROUNDS) break;
    if (waiting.length > 0) progress.write(`${registeredMeanwhile(stack, waiting.length)}\n`);
  }

  const summary = {
    removed: removed.length,
    failed: failed.map(({ domain, reason }) => ({ domain, reason })),
    left: left.length,
  };
  const isDone = failed.length === 0 && left.length === 0;
  if (json) printJson(summary);
  else process.stdout.write(`${inSentences(stack, summary, isDone)}\n`);
  if (!isDone) process.exitCode = 1;
}

async function registered(api: ApiClient): Promise<readonly DomainSummary[]> {
  const found: DomainSummary[] = [];
  for await (const domain of registeredDomains(api)) found.push(domain);
  return found;
}

/** Asks for the removal, and waits until nothing is left of it: the record goes last. */
async function removeOne(api: ApiClient, domain: string, deadline: number): Promise<Step<Removed>> {
  const settled = (outcome: Removed["outcome"], reason: string | null) =>
    ({ kind: "settled", result: { domain, outcome, reason } }) as const;
  const path = `/v1/domains/${encodeURIComponent(domain)}`;
  const asked = await api.send("DELETE", path);
  if (asked.status === 404) return settled("removed", null);
  if (asked.status >= 400) return settled("failed", `The API answered ${asked.status}.`);
  const until = Math.min(deadline, Date.now() + PATIENCE_MS);
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(2 * pauseMs, LAST_LOOK_MS)) {
    const seen = (await api.find(path)) as DomainResource | undefined;
    if (!seen) return settled("removed", null);
    if (seen.state !== "removing") return settled("failed", "It was registered again meanwhile.");
    if (Date.now() > until) {
      return settled("failed", seen.reason ?? "It is still being removed; npm run logs may tell why.");
    }
    await delay(pauseMs * (0.5 + Math.random() / 2));
  }
}

function planInWords(stack: string, domains: readonly DomainSummary[]): string {
  if (domains.length === 0) return `No domain is registered in ${stack}.`;
  const served = domains.filter(({ notAfter }) => notAfter !== null).length;
  const waitMs = limitedMs(domains.length * CDN_WRITES.removal, WRITES_PER_HOUR);
  return [
    `Of ${stack}, ${count(domains.length)} will be taken off the CDN with links, activations, certificates and keys, and forgotten.`,
    `${served} of them have a certificate, and their visitors will see an error.`,
    `Backups stay. That takes ${waitMs === 0 ? "minutes" : `about ${duration(waitMs)}, for the CDN's limit`}.`,
  ].join(" ");
}

function registeredMeanwhile(stack: string, number: number): string {
  return `${count(number)} were registered meanwhile. So that nobody can: pulumi config set --stack ${stack} --path platform:callers '{}', then pulumi up --stack ${stack}.`;
}

function inSentences(
  stack: string,
  {
    removed,
    failed,
    left,
  }: { readonly removed: number; readonly failed: readonly unknown[]; readonly left: number },
  isDone: boolean,
): string {
  const said = `${count(removed)} removed, ${failed.length + left} left.`;
  if (!isDone) return `${said} The same command goes on from here.`;
  const destroy = stack === "local" ? "npm run pulumi -- destroy" : `pulumi destroy --stack ${stack}`;
  return `${said} Nothing of the platform's own making is at the CDN any more; next is ${destroy}.`;
}

function count(domains: number): string {
  return domains === 1 ? "1 domain" : `${domains} domains`;
}
