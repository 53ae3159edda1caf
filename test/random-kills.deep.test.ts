import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { Storage } from "@google-cloud/storage";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { edgeOf, LocalApi } from "../local/command-line/local-target.ts";
import { control, findCloud } from "../local/daemon/cloud-process.ts";
import type { CloudStatus } from "../local/daemon/control.ts";
import { isAlive } from "../local/kernel/process-life.ts";
import { readCheckpoint } from "../local/pulumi/checkpoint.ts";
import { probeEdge } from "../operator/edge-probe.ts";
import { startCommand } from "./support/command-line.ts";
import { DaemonPlatform } from "./support/daemon-platform.ts";
import { countActivations, countAtFastly } from "./support/fastly-activations.ts";
import { eventually, withPatience } from "./support/local-platform.ts";
import { seededRandom } from "./support/seeded-random.ts";

/** Told with every failure; `KILLING_SEED` brings the same choices back, though not the same moments. */
const SEED = Number(process.env.KILLING_SEED ?? randomInt(2 ** 31));
const KILLING_SECONDS = Number(process.env.KILLING_SECONDS ?? 120);
const DOMAINS = Number(process.env.KILLING_DOMAINS ?? 80);
/** Between two renewals that an operator asks for. */
const RENEWAL_PAUSE_MS = 1_000;
/** What the cloud may keep beside what it had before all that: no leak grows with kills. */
const MOST_GROWTH = 2;
const LONGEST_PAUSE_MS = 5_000;
/** An `up` that changes something takes a few seconds: it is killed before, within or after its changes. */
const LONGEST_UP_MS = 6_000;
/** After the last kill: leases of 20 s, backoffs, and orders that the CA forgot, which are looked for ten minutes. */
const RECOVERY_SECONDS = 840;
/** What Pebble's forgetfulness may cost a customer: another try. */
const TRY_AGAIN = /certificate authority/;

const random = seededRandom(SEED);
const names = Array.from({ length: DOMAINS }, (_, index) => `killed-${index}.example.test`);

let platform: DaemonPlatform;
let rounds = 0;
/** Once the killing is over, nobody asks for renewals any more. */
let isKilling = true;

beforeAll(async () => {
  platform = await DaemonPlatform.make();
  await platform.mustUp();
});

afterAll(() => platform[Symbol.asyncDispose](), 60_000);

const KILLS: Readonly<Record<string, (cloud: CloudStatus) => Promise<void>>> = {
  async cloud({ pid }) {
    process.kill(pid, "SIGKILL");
    await eventually("the cloud to be gone", 30, () => (isAlive(pid) ? undefined : true));
    await platform.mustUp(...roundConfig());
  },
  async engine() {
    rounds += 1;
    const args = ["up", "--no-first-domain", "--state-dir", platform.stateDir];
    const up = startCommand([...args, "--port-base", String(platform.portBase), ...roundConfig()]);
    const ended = new Promise((resolve) => up.once("close", resolve));
    await delay(random() * LONGEST_UP_MS);
    up.kill("SIGKILL");
    await ended;
    await platform.mustUp(...roundConfig());
  },
  instance: (cloud) => killOneOf(cloud, "run"),
  pebble: (cloud) => killOneOf(cloud, "acme"),
};

test(
  `serves ${DOMAINS} domains, each by one order at a time, whatever is killed while they register and renew`,
  async () => {
    const registering = Promise.all(names.map((name, index) => register(name, index)));
    // Awaited below; what goes wrong in the killing is told first.
    registering.catch(() => undefined);
    const renewing = renewSome();
    const memoryBefore = await memoryOfCloud();
    const kills: string[] = [];
    const deck: string[] = [];
    const deadline = performance.now() + KILLING_SECONDS * 1000;
    while (performance.now() < deadline) {
      await delay(random() * LONGEST_PAUSE_MS);
      const cloud = await findCloud(platform.stateDir);
      if (deck.length === 0) deck.push(...shuffled(Object.keys(KILLS)));
      const name = deck.pop() ?? "";
      if (!cloud) throw new Error(`The cloud is gone (seed ${SEED}, after ${kills.join(", ")}).`);
      kills.push(name);
      await KILLS[name]?.(cloud);
    }
    isKilling = false;
    await registering;
    const renewals = await renewing;
    await platform.mustUp(...roundConfig());
    process.stderr.write(`seed ${SEED}: ${kills.join(", ")}; ${renewals} renewals asked for\n`);

    const api = await LocalApi.open(platform.stateDir);
    const again = await serveAll(api);
    expect(again.filter((reason) => !TRY_AGAIN.test(reason))).toEqual([]);

    // Pebble's log may lack a line that a kill cut off; it has none too many.
    const finalisations = (await journals()).filter((name) => name.endsWith("/finalizing.json"));
    const log = await platform.run("logs", "pebble", "--lines", "1000000", "--severity", "DEBUG");
    const issued = log.out.match(/Issued certificate serial/g) ?? [];
    expect(issued.length).toBeGreaterThanOrEqual(DOMAINS / 2);
    expect(issued.length).toBeLessThanOrEqual(finalisations.length);
    for (const domain of names) {
      expect((await probeEdge(edgeOf(api.cloud), domain)).status).toBe(200);
      expect(await countActivations(api.cloud, domain)).toBe(1);
    }
    for (const kind of ["private_keys", "certificates", "activations"]) {
      expect(`${await countAtFastly(api.cloud, kind)} ${kind}`).toBe(`${DOMAINS} ${kind}`);
    }
    const { out } = await platform.up("--json", ...roundConfig());
    expect(JSON.parse(out)).toMatchObject({ changes: [] });
    expect((await memoryOfCloud()) / memoryBefore).toBeLessThan(MOST_GROWTH);
  },
  1_200_000 + KILLING_SECONDS * 1000,
);

/** Something for the engine to do: each round names the platform anew, which changes one service. */
function roundConfig(): readonly string[] {
  return ["--config", `platformName=Round ${rounds}`];
}

async function killOneOf({ parts }: CloudStatus, part: string): Promise<void> {
  const pids = parts.find(({ name }) => name === part)?.pids ?? [];
  if (pids.length > 0) process.kill(pick(pids), "SIGKILL");
}

/** As an operator who wants young certificates; what can't be asked now is asked of another. @returns how many were begun */
async function renewSome(): Promise<number> {
  let begun = 0;
  while (isKilling) {
    await delay(RENEWAL_PAUSE_MS);
    try {
      const api = await LocalApi.open(platform.stateDir);
      await api.call("POST", `/v1/domains/${pick(names)}/certificate:renew`);
      begun += 1;
    } catch {
      // It is not registered yet, not served yet, or the API is among the dead.
    }
  }
  return begun;
}

/** Bytes of the cloud's own process. */
async function memoryOfCloud(): Promise<number> {
  const { pid } = await platform.status();
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** As a client that goes on asking until somebody says that it is registered; spread over the time of the killing. */
async function register(domain: string, index: number): Promise<void> {
  await delay((index / DOMAINS) * KILLING_SECONDS * 1000);
  await withPatience(`${domain} to be registered (seed ${SEED})`, 120, async () => {
    const api = await LocalApi.open(platform.stateDir);
    return api.call("POST", "/v1/domains", { domain });
  });
}

/** Waits for every domain; whoever is told to try again does. Returns what failed orders said. */
async function serveAll(api: LocalApi): Promise<readonly string[]> {
  const said: string[] = [];
  await withPatience(`all domains to be active (seed ${SEED})`, RECOVERY_SECONDS, async () => {
    const found = (await platform.domains()).filter(({ domain }) => names.includes(domain));
    for (const { domain, state, reason, isRenewing, dueAt } of found) {
      if (state === "failed") {
        await api.call("POST", "/v1/domains", { domain });
        said.push(reason ?? "");
      }
      // A renewal that failed is tried again by itself, though not while somebody waits here.
      if (state === "active" && !isRenewing && dueAt !== null) {
        await api.call("POST", `/v1/domains/${domain}/certificate:renew`);
      }
    }
    const settled = found.filter(
      ({ state, isRenewing, dueAt }) => state === "active" && !isRenewing && dueAt === null,
    );
    return settled.length === DOMAINS ? true : undefined;
  });
  return said;
}

/** Names of all journal entries, `orders/DOMAIN/NUMBER/PHASE.json`. */
async function journals(): Promise<readonly string[]> {
  const cloud = await findCloud(platform.stateDir);
  const resources = readCheckpoint(platform.stateDir, "local")?.resources ?? [];
  const named = (type: string, name: string) =>
    resources.find(({ urn }) => urn.endsWith(`${type}::${name}`))?.outputs ?? {};
  const { email } = named("gcp:serviceaccount/account:Account", "certs-issuer");
  const { name } = named("gcp:storage/bucket:Bucket", "certs-registry");
  const path = `/identities/${encodeURIComponent(String(email))}`;
  const { http } = (await control(cloud?.ports.control ?? 0, "GET", path)) as { http: number };
  const storage = new Storage({ apiEndpoint: `http://127.0.0.1:${http}`, projectId: "test" });
  const [files] = await storage.bucket(String(name)).getFiles({ prefix: "orders/" });
  return files.map((file) => file.name);
}

function shuffled<Item>(items: readonly Item[]): readonly Item[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

function pick<Item>(items: readonly Item[]): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error("There is nothing to pick from.");
  return item;
}
