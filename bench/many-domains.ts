import { setTimeout as delay } from "node:timers/promises";
import pLimit from "p-limit";
import { edgeOf, type LocalApi } from "../local/command-line/local-target.ts";
import { control } from "../local/daemon/cloud-process.ts";
import type { CloudStatus } from "../local/daemon/control.ts";
import type { DomainResource } from "../operator/api-client.ts";
import { probeEdge } from "../operator/edge-probe.ts";
import { issueWithAcmeClient } from "./acme-client-alone.ts";
import { type CpuShares, CpuWatch } from "./cpu-watch.ts";
import type { Figure, Measurement } from "./measurement.ts";
import { residentMegabytes, titleOf } from "./process-usage.ts";
import { StartedPlatform } from "./started-platform.ts";

const DOMAINS = 200;
/** What certmagic reaches with 8 at a time on 2 cores and the same Pebble. */
const AIM = 15;
const PEER_CONCURRENCY = 8;
const DEADLINE_MS = 600_000;
/** A listing reads the journal of each domain under way: looking on must not become the load. */
const LOOK_EVERY_MS = 2_000;
const PAGE_SIZE = 100;
const PROBES_AT_ONCE = 8;

export const manyDomains: Measurement = {
  name: "many-domains",
  description: `${DOMAINS} domains registered at once, beside acme-client alone on the same Pebble`,
  conditions: `all POSTs at once, to the last activation; acme-client in this process, ${PEER_CONCURRENCY} at a time, HTTP-01 answered from memory`,
  async run(say) {
    const ours = await registerAll(say);
    say(`acme-client alone: ${DOMAINS} certificates …`);
    const peer = await issueWithAcmeClient(DOMAINS, PEER_CONCURRENCY);
    const [rate, peerRate] = [ours.active / ours.seconds, DOMAINS / peer.seconds];
    return [
      { name: "certificates a second", value: rate, unit: "per s", aim: AIM, note: binding(ours.shares) },
      { name: "acme-client alone", value: peerRate, unit: "per s", note: binding(peer.shares) },
      { name: "the platform's time as a multiple of acme-client's", value: peerRate / rate, unit: "times" },
      { name: "domains that failed", value: DOMAINS - ours.active, unit: "domains" },
      ...costs("platform", ours.shares),
      ...costs("acme-client", peer.shares),
      {
        name: "memory of the cloud after them",
        value: ours.cloudMegabytes,
        unit: "MB",
        note: `${DOMAINS} domains`,
      },
    ];
  },
};

interface OurRun {
  readonly seconds: number;
  readonly active: number;
  readonly shares: CpuShares;
  readonly cloudMegabytes: number;
}

async function registerAll(say: (line: string) => void): Promise<OurRun> {
  await using platform = await StartedPlatform.start();
  const api = await platform.api();
  const names = Array.from({ length: DOMAINS }, (_, index) => `many-${index}.bench.test`);
  const watch = await CpuWatch.start(() => processesOf(api.cloud));
  const startedAt = Date.now();
  await Promise.all(names.map((domain) => api.call("POST", "/v1/domains", { domain })));
  say(`all registered after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  await settled(api, say);
  const shares = await watch.stop();

  const limit = pLimit(PROBES_AT_ONCE);
  const resources = await Promise.all(names.map((domain) => limit(() => seen(api, domain))));
  const active = resources.filter(({ state }) => state === "active");
  for (const { domain, reason } of resources.filter(({ state }) => state !== "active")) {
    say(`${domain} failed: ${reason}`);
  }
  const activations = active.flatMap(({ phases }) => phases.filter(({ phase }) => phase === "active"));
  if (activations.length === 0) throw new Error("No domain became active.");
  const lastAt = Math.max(...activations.map(({ at }) => Date.parse(at)));
  const cloudMegabytes = residentMegabytes(api.cloud.pid) ?? 0;
  return { seconds: (lastAt - startedAt) / 1000, active: active.length, shares, cloudMegabytes };
}

/** Resolves when every domain is active or failed. */
async function settled(api: LocalApi, say: (line: string) => void): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const states = await list(api);
    const done = states.filter((state) => state === "active" || state === "failed").length;
    say(`${done} of ${states.length} settled`);
    if (states.length > DOMAINS && done === states.length) return;
    if (Date.now() > deadline) throw new Error(`${states.length - done} domains were not settled in time.`);
    await delay(LOOK_EVERY_MS);
  }
}

async function list(api: LocalApi): Promise<readonly string[]> {
  const states: string[] = [];
  for (let token: string | null = ""; token !== null; ) {
    const path = `/v1/domains?pageSize=${PAGE_SIZE}${token && `&pageToken=${encodeURIComponent(token)}`}`;
    const { body } = await api.call("GET", path);
    const page = body as { domains: readonly DomainResource[]; nextPageToken: string | null };
    states.push(...page.domains.map(({ state }) => state));
    token = page.nextPageToken;
  }
  return states;
}

/** The domain as the API has it; if active, its page was fetched over verified TLS too. */
async function seen(api: LocalApi, domain: string): Promise<DomainResource> {
  const resource = (await api.call("GET", `/v1/domains/${domain}`)).body as DomainResource;
  if (resource.state === "active") {
    const { status, page } = await probeEdge(edgeOf(api.cloud), domain);
    if (status !== 200 || !page.includes(domain)) throw new Error(`${domain} is active and not served.`);
  }
  return resource;
}

/** Processes of the cloud, and this one: instances by their service, whatever their revision. */
async function processesOf({ pid, ports }: CloudStatus): Promise<ReadonlyMap<number, string>> {
  const { pids } = (await control(ports.control, "GET", "/status")) as CloudStatus;
  return new Map([
    [process.pid, "bench, the client"],
    ...pids.map((each): [number, string] => [each, each === pid ? "cloud" : serviceOf(titleOf(each))]),
  ]);
}

function serviceOf(title: string): string {
  const name = title.split("/").at(-1) ?? title;
  return name.replace(/-[0-9a-f]{7}-\d{5}-[a-p]{3}$/, "");
}

function binding({ seconds, coresBusy, cores }: CpuShares): string {
  const total = seconds.reduce((sum, [, spent]) => sum + spent, 0);
  const most = seconds
    .slice(0, 3)
    .map(([name, spent]) => `${name} ${((100 * spent) / total).toFixed(0)} %`)
    .join(", ");
  return `${coresBusy.toFixed(1)} of ${cores} cores busy; of our CPU: ${most}`;
}

function costs(whose: string, { seconds }: CpuShares): readonly Figure[] {
  return seconds.map(([name, spent]) => ({ name: `CPU of ${name} (${whose})`, value: spent, unit: "s" }));
}
