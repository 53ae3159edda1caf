import { readFileSync } from "node:fs";
import type { DomainResource } from "../../../operator/api-client.ts";
import { followDomain, until } from "../../../operator/domains.ts";
import { leafAtEdge, probeEdge } from "../../../operator/edge-probe.ts";
import { exchange } from "../../../operator/exchange.ts";
import { Failure } from "../../../operator/terminal/failure.ts";
import { paint, printJson, progressStream } from "../../../operator/terminal/output.ts";
import { control } from "../../daemon/cloud-process.ts";
import type { CloudStatus } from "../../daemon/control.ts";
import { Dns } from "../../services/acme/dns.ts";
import type { ReceivedNotice } from "../../services/alert-receiver/notices.ts";
import type { JobStatus } from "../../services/scheduler/scheduler.ts";
import { edgeOf, LocalApi } from "../local-target.ts";
import { Visitors } from "./visitors.ts";

/** Of this run: a CA that was started again knows nothing of certificates from before. */
const RUN = Date.now().toString(36);
const RENEWED = `renewed-${RUN}.example.test`;
const MOVED = `moved-${RUN}.example.test`;
/** Of the addresses for documents: nobody's edge. */
const ELSEWHERE = "192.0.2.7";
const PROBLEM = "dns-elsewhere";
const HOUR_MS = 3_600_000;
const DEADLINE_MS = 10_000;

interface Options {
  readonly stateDir: string;
  readonly json?: boolean;
  /** Seconds for each step. */
  readonly timeout: number;
}

interface ToldAlert {
  readonly domain: string;
  readonly problem: string;
  readonly state: "opened" | "over";
}

/**
 * Shows a certificate being replaced while visitors hammer its site, and an alert with its end for a domain
 * whose name moved away and came back. It asks the real parts: the CA's window is moved by Pebble's own
 * management API, the name by the DNS server's.
 */
export async function demoRenewal({ stateDir, json, timeout }: Options): Promise<void> {
  const api = await LocalApi.open(stateDir);
  const { cloud } = api;
  const dns = new Dns(cloud.ports.dnsManagement);
  const say = (text: string) => progressStream(json).write(`${text}\n`);
  const check = (domain: string) => api.call("POST", `/v1/domains/${domain}/certificate:check`);

  say(paint("bold", "1. Two domains, served over HTTPS"));
  for (const domain of [RENEWED, MOVED]) {
    await api.call("POST", "/v1/domains", { domain });
    const { state, notAfter, reason } = await followDomain(api, domain, timeout, () => undefined);
    if (state !== "active") throw new Failure(`${domain} is ${state}: ${reason ?? "without a reason"}`);
    // Until then the order is at work on the domain, and a check leaves it alone.
    await until(timeout, `the order of ${domain} to be done`, async () => {
      const { phases } = (await api.call("GET", `/v1/domains/${domain}`)).body as DomainResource;
      return phases.find(({ phase }) => phase === "cleaned");
    });
    say(`   ${domain} is served until ${notAfter}.`);
  }

  say(paint("bold", "2. The CA moves the first one's renewal to now, while visitors hammer the site"));
  const visitors = new Visitors(edgeOf(cloud), RENEWED);
  const told: ToldAlert[] = [];
  let serials: readonly string[];
  try {
    serials = await renewNow(api, timeout);
    say(`   serial ${serials.join(" → ")}`);
    say(paint("bold", "3. The other one's name moves away, and comes back"));
    for (const state of ["opened", "over"] as const) {
      const since = new Date().toISOString();
      if (state === "opened") await dns.setA(MOVED, [ELSEWHERE]);
      else await dns.clearA(MOVED);
      await check(MOVED);
      told.push(
        await until(timeout, `somebody to be told of ${MOVED}`, () => toldSince(cloud, since, state)),
      );
      say(`   told: ${MOVED}: ${PROBLEM} ${state}`);
    }
  } finally {
    await dns.clearA(MOVED);
    await visitors.leave();
  }

  const { requests, failedRequests, seen, failures } = await visitors.leave();
  const renewed = serials.every((serial) => seen.includes(serial));
  const why = failures[0] === undefined ? "" : ` (${failures[0]})`;
  say(`${requests} requests meanwhile, of which ${failedRequests} failed${why}.`);
  for (const domain of [RENEWED, MOVED]) await api.call("DELETE", `/v1/domains/${domain}`);
  if (json) printJson({ renewed, failedRequests, requests, alerts: told });
  if (!renewed || failedRequests > 0) process.exitCode = 1;
}

/** Ends the CA's window for the certificate, has it checked, and waits for the next one at the edge. @returns both serials */
async function renewNow(api: LocalApi, timeout: number): Promise<readonly string[]> {
  const edge = edgeOf(api.cloud);
  const before = await probeEdge(edge, RENEWED);
  await endWindow(api, (await leafAtEdge(edge, RENEWED)).toString());
  await api.call("POST", `/v1/domains/${RENEWED}/certificate:check`);
  const after = await until(timeout, `the edge to show another certificate for ${RENEWED}`, async () => {
    const seen = await probeEdge(edge, RENEWED);
    return seen.serialNumber === before.serialNumber ? undefined : seen;
  });
  return [before.serialNumber, after.serialNumber];
}

/** Ends the window that the CA suggests for a certificate, an hour ago. */
export async function endWindow({ cloud }: LocalApi, leafPem: string): Promise<void> {
  const suggestedWindow = {
    start: new Date(Date.now() - 2 * HOUR_MS).toISOString(),
    end: new Date(Date.now() - HOUR_MS).toISOString(),
  };
  const body = JSON.stringify({ Certificate: leafPem, ARIResponse: JSON.stringify({ suggestedWindow }) });
  const { status, text } = await exchange({
    port: cloud.ports.acmeManagement,
    method: "POST",
    path: "/set-renewal-info/",
    headers: { "user-agent": "demo" },
    ca: readFileSync(cloud.caFile),
    body,
    deadlineMs: DEADLINE_MS,
  });
  if (status !== 200) throw new Failure(`Pebble took no renewal window: ${status} ${text.trim()}`);
}

/** Runs the notifier's job now, which comes each minute by itself. */
async function notify(controlPort: number): Promise<void> {
  const { jobs } = (await control(controlPort, "GET", "/jobs")) as { jobs: readonly JobStatus[] };
  const name = jobs.find((job) => job.name.includes("notifier"))?.name;
  if (name === undefined) throw new Failure("There is no job of the alert notifier: run npm run up.");
  await control(controlPort, "POST", `/jobs/${name}/run`, DEADLINE_MS);
}

/** What Sentry was told of the moved domain since then, if it was. */
async function toldSince(
  { ports }: CloudStatus,
  since: string,
  wanted: ToldAlert["state"],
): Promise<ToldAlert | undefined> {
  await notify(ports.control);
  const { notices } = (await control(ports.control, "GET", "/notices")) as {
    notices: readonly ReceivedNotice[];
  };
  const found = notices.find(
    ({ receiver, at, tags: { domain, problem, state } }) =>
      receiver === "sentry" && at >= since && domain === MOVED && problem === PROBLEM && state === wanted,
  );
  return found && { domain: MOVED, problem: PROBLEM, state: wanted };
}
