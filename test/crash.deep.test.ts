import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { edgeOf } from "../local/command-line/local-target.ts";
import { probeEdge } from "../operator/edge-probe.ts";
import { countAtFastly } from "./support/fastly-activations.ts";
import { eventually, LocalPlatform } from "./support/local-platform.ts";

const ISSUER = "certs-cert-issuer";
const BUCKET = "gcp:storage/bucket:Bucket";
const SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";
/** A killed issuer's lease on its domain runs for 20 s, and backoffs come on top. */
const RECOVERY_SECONDS = 90;
/** Not a phase of the journal: the backup is there, and its entry is the next thing to be written. */
const SAVED = "saved";

let platform: LocalPlatform;

beforeAll(async () => {
  platform = await LocalPlatform.start();
  await platform.update();
});

afterAll(() => platform.stop());

test("finishes every order whose issuer was killed, whatever the phase, with one certificate each", async () => {
  const phases = [
    "ordering",
    "ordered",
    "authorized",
    "finalizing",
    "issued",
    SAVED,
    "backed-up",
    "activating",
  ];
  const domains = phases.map((phase) => `killed-when-${phase}.example.test`);
  for (const [at, domain] of domains.entries()) {
    await platform.register(domain);
    await written(phases[at] ?? "", [domain]);
    expect(platform.killInstances(ISSUER)).toBeGreaterThan(0);
    expect(hasPhase(domain, "cleaned")).toBe(false);
  }

  for (const domain of domains) {
    const resource = await platform
      .reach(domain, ["active", "failed"], RECOVERY_SECONDS)
      .catch((error: Error) => {
        throw new Error(`${error.message}\n${told(domain)}`);
      });
    expect(resource).toMatchObject({ state: "active", reason: null, orderNumber: 1 });
  }
  await quiet();
  const served = await Promise.all(domains.map((domain) => servedSerial(domain)));
  expect(issuedSerials().sort()).toEqual(served.sort());
  for (const domain of domains) {
    const finalisations = (await journal(domain)).filter((name) => name.endsWith("/finalizing.json"));
    expect(finalisations).toEqual(["1/finalizing.json"]);
  }
  await expect(countAtFastly(platform.cloud.status(), "private_keys")).resolves.toBe(domains.length);
  await expect(countAtFastly(platform.cloud.status(), "certificates")).resolves.toBe(domains.length);
  await expect(countAtFastly(platform.cloud.status(), "activations")).resolves.toBe(domains.length);
});

test("activates in spite of Fastly's failures, replies that are lost among them", async () => {
  const { fastlyApi } = platform.cloud;
  const before = await countAtFastly(platform.cloud.status(), "private_keys");
  fastlyApi.failNext({ method: "POST", path: /^\/tls\/certificates$/, status: 500 });
  fastlyApi.failNext({ method: "POST", path: /^\/tls\/activations$/, status: 500, afterEffect: true });

  const domain = "unlucky.example.test";
  await expect(platform.settle(domain)).resolves.toMatchObject({ state: "active", orderNumber: 1 });

  const interruptions = platform.entries.filter(
    (entry) => entry.message === "Order interrupted" && entry.domain === domain,
  );
  expect(interruptions).toHaveLength(2);
  await expect(servedSerial(domain)).resolves.toBe(issuedSerials().at(-1));
  await expect(countAtFastly(platform.cloud.status(), "private_keys")).resolves.toBe(before + 1);
});

test("serves a domain that the CA could not look up for a moment, by another order under the same number", async () => {
  const domain = "unseen.example.test";
  const { kernel, acme } = platform.cloud;
  const grant = issuerInvoker();
  kernel.iam.switchOff(grant);
  await platform.register(domain);
  await written("validated", [domain]);
  await acme.dns.setServfail(domain);
  kernel.iam.switchOn(grant);
  await eventually("the CA to have asked in vain", 60, () =>
    platform.entries.find((entry) => entry.message === "Order interrupted" && entry.domain === domain),
  );
  await acme.dns.clearServfail(domain);

  await expect(platform.reach(domain, ["active", "failed"])).resolves.toMatchObject({
    state: "active",
    orderNumber: 1,
  });
  expect(await journal(domain)).toContain("1/attempt-2-order.json");
  expect(await platform.objects("certs-challenges", "certs-issuer", `${domain}/`)).toEqual([]);
});

test.each([
  [401, /is issued and kept, but our delivery network denies us access\. .*is tried again\.$/],
  [429, /is issued and kept; our delivery network takes it from \S+ on\.$/],
])(
  "keeps the certificate that Fastly answers with %d, and activates it when asked again",
  async (status, reason) => {
    const domain = `refused-with-${status}.example.test`;
    const issuedBefore = issuedSerials().length;
    platform.cloud.fastlyApi.failNext({ method: "POST", path: /^\/tls\/certificates$/, status });

    await expect(platform.settle(domain)).resolves.toMatchObject({
      state: "failed",
      reason: expect.stringMatching(reason),
    });
    const { serial } = (await platform.api.call("GET", `/v1/domains/${domain}/certificate`)).body as {
      serial: string;
    };
    await expect(platform.settle(domain)).resolves.toMatchObject({ state: "active", orderNumber: 2 });

    await expect(servedSerial(domain)).resolves.toBe(comparable(serial));
    expect(issuedSerials().slice(issuedBefore)).toEqual([comparable(serial)]);
  },
  60_000,
);

test("carries all registrations over a restart of the cloud, at which the CA forgets accounts and orders", async () => {
  const domains = ["one", "two", "three", "four", "five"].map((name) => `${name}.carried.example.test`);
  await Promise.all(domains.map((domain) => platform.register(domain)));
  const ordered = await written("ordered", domains);
  platform.cloud.kernel.iam.switchOff(issuerInvoker());
  platform.killInstances(ISSUER);
  platform = await platform.restart();

  for (const domain of domains) {
    const resource = await platform.reach(domain, ["active", "failed"], RECOVERY_SECONDS);
    if (resource.state === "failed") {
      // It was about to be finalised when the CA forgot it: no number is finalised twice.
      expect(resource.reason).toMatch(/lost the order after it was completed\.$/);
      await expect(platform.settle(domain)).resolves.toMatchObject({ state: "active" });
    }
    await expect(probeEdge(edgeOf(platform.cloud.status()), domain)).resolves.toMatchObject({ status: 200 });
  }
  expect(await journal(ordered)).toContain("1/attempt-2-order.json");
});

/** The grant by which Pub/Sub may push to the issuer. */
function issuerInvoker(): string {
  return platform.resource("gcp:cloudrunv2/serviceIamMember:ServiceIamMember", `${ISSUER}-invoker-pusher`).id;
}

/** Resolves with the first of `domains` whose first order has the phase, in the very moment in which it is stored. */
async function written(phase: string, domains: readonly string[]): Promise<string> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const found = domains.find((domain) => hasPhase(domain, phase));
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`Waited 60 s for ${phase} of ${domains.join(", ")}.`);
    await delay(1);
  }
}

function hasPhase(domain: string, phase: string): boolean {
  const [bucket, name] =
    phase === SAVED
      ? ["certs-backup", `certificates/${domain}/00000001.json`]
      : ["certs-registry", `orders/${domain}/1/${phase}.json`];
  return platform.cloud.storage.find(platform.resource(BUCKET, bucket).id, name) !== undefined;
}

/** Names in the domain's journal, `NUMBER/PHASE.json`. */
async function journal(domain: string): Promise<readonly string[]> {
  const prefix = `orders/${domain}/`;
  const objects = await platform.objects("certs-registry", "certs-issuer", prefix);
  return objects.map(({ name }) => name.slice(prefix.length));
}

/** What was logged of a domain, and all that went wrong, as far as it fits a failure. */
function told(domain: string): string {
  return platform.entries
    .filter((entry) => entry.domain === domain || entry.severity === "ERROR" || entry.source === "pubsub")
    .slice(-60)
    .map((entry) => JSON.stringify(entry).slice(0, 400))
    .join("\n");
}

/** Of all certificates that the CA ever issued, by its own log. */
function issuedSerials(): string[] {
  return platform.entries
    .filter(({ source }) => source === "pebble")
    .flatMap(({ message }) => /Issued certificate serial ([0-9a-f]+)/.exec(message)?.[1] ?? [])
    .map(comparable);
}

async function servedSerial(domain: string): Promise<string> {
  return comparable((await probeEdge(edgeOf(platform.cloud.status()), domain)).serialNumber);
}

/** Pebble, Node and OpenSSL differ in case and in leading zeros. */
function comparable(serial: string): string {
  return serial.toLowerCase().replace(/^0+/, "");
}

/** A domain is active a moment before its message is done. */
async function quiet(): Promise<void> {
  const { id } = platform.resource(SUBSCRIPTION, ISSUER);
  await eventually("all messages to be done", RECOVERY_SECONDS, () =>
    platform.cloud.pubsub.backlog(id) === 0 ? true : undefined,
  );
}
