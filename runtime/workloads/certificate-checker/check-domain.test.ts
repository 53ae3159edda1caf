import { X509Certificate } from "node:crypto";
import { beforeAll, beforeEach, expect, test } from "@jest/globals";
import { newEcdsaKey } from "../../certificates/acme/account-key.ts";
import type { RenewalInfo } from "../../certificates/acme/certificate-authority.ts";
import { CaUnavailable } from "../../certificates/acme/certificate-authority.ts";
import { certificateRequest } from "../../certificates/acme/certificate-request.ts";
import { openAlerts } from "../../certificates/alerts/stored-alerts.ts";
import { certificateFacts } from "../../certificates/certificate-facts.ts";
import type { Addresses } from "../../certificates/dns/dns-lookup.ts";
import { EdgeAddresses } from "../../certificates/dns/edge-addresses.ts";
import type { Sight } from "../../certificates/edge/edge-sight.ts";
import { openRegistry } from "../../certificates/registry/bucket-registry.ts";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import { TestIssuingKey } from "../../certificates/testing/issuing-key.ts";
import { MemoryObjectStore } from "../../google/testing/memory-object-store.ts";
import { createLogger } from "../../workload/logger.ts";
import { createTrace } from "../../workload/trace.ts";
import { checkDomain } from "./check-domain.ts";
import type { CheckerPorts } from "./ports.ts";

const DOMAIN = "shop.example.test";
const CUSTOMER = "alice@customers.example";
const DAY_MS = 86_400_000;
const EDGE = "192.0.2.1";

let chain: string;
let otherChain: string;
let ports: CheckerPorts;
let sent: { topic: string; data: unknown; attributes: Readonly<Record<string, string>> }[];
let addresses: Addresses;
let caaIssuers: readonly string[];
let sight: Sight;
let looks: number;
let window: () => RenewalInfo | undefined;
/** Of the second CA. */
let otherWindow: () => RenewalInfo | undefined;
let now: Date;
let isPublishing: boolean;

const delivery = {
  trace: createTrace(),
  signal: new AbortController().signal,
  logger: createLogger({ K_SERVICE: "certificate-checker", K_REVISION: "1" }, { write: () => undefined }),
};

beforeAll(async () => {
  const issuer = await TestIssuingKey.create();
  const key = newEcdsaKey();
  chain = await issuer.sign(certificateRequest(DOMAIN, key));
  otherChain = await issuer.sign(certificateRequest(DOMAIN, key));
});

const facts = () => certificateFacts(chain);
const seen = (pem: string, status = 200): Sight => ({
  kind: "seen",
  certificate: new X509Certificate(pem),
  status,
});
const record = async () => (await ports.registry.find(DOMAIN))?.record;
const problems = async () => (await ports.alerts.open(DOMAIN)).map(({ problem }) => problem);
const check = () => checkDomain(ports, { domain: DOMAIN }, delivery);
const later = (ms: number) => {
  now = new Date(now.getTime() + ms);
};

async function known(fields: Partial<DomainRecord> = {}): Promise<void> {
  const found = await ports.registry.find(DOMAIN);
  const at = now.toISOString();
  const { serial: _serial, issuer: _issuer, ...certificate } = facts();
  const next: DomainRecord = {
    domain: DOMAIN,
    customer: CUSTOMER,
    lifecycle: "active",
    orderNumber: 1,
    version: "00000001",
    ...certificate,
    registeredAt: at,
    updatedAt: at,
    ...fields,
  };
  if (found) await ports.registry.update(next, found.generation);
  else await ports.registry.create(next);
}

beforeEach(async () => {
  now = new Date();
  sent = [];
  isPublishing = true;
  addresses = { kind: "answer", records: [EDGE] };
  caaIssuers = [];
  sight = seen(chain);
  looks = 0;
  window = () => undefined;
  otherWindow = () => undefined;
  const objects = new MemoryObjectStore();
  const topic = (name: string) => ({
    publish: async (data: unknown, attributes: Readonly<Record<string, string>>) => {
      if (!isPublishing) throw new Error("Pub/Sub is away.");
      sent.push({ topic: name, data, attributes });
    },
  });
  ports = {
    registry: openRegistry(objects),
    alerts: openAlerts(objects, () => now),
    dnsRules: {
      dns: {
        addresses: async () => addresses,
        caa: async () => ({
          kind: "answer",
          records: caaIssuers.map((value) => ({ flags: 0, tag: "issue", value })),
        }),
      },
      edge: new EdgeAddresses([EDGE]),
      caaIdentities: ["ca.example"],
      now: () => now,
    },
    sight: {
      look: async () => {
        looks++;
        return sight;
      },
    },
    authorities: [
      { name: "test-ca", ca: { renewalInfo: async () => window() } },
      { name: "other-ca", ca: { renewalInfo: async () => otherWindow() } },
    ],
    validation: topic("validation"),
    issuing: topic("issuing"),
    now: () => now,
    sleep: async () => undefined,
  };
  await known();
});

const ISSUE_NEXT = {
  topic: "issuing",
  data: { action: "issue", domain: DOMAIN, orderNumber: 2 },
  attributes: { customer: CUSTOMER, traceparent: expect.any(String) },
};

test("leaves a certificate alone that has more than a third of its life left, and renews it then", async () => {
  later(59 * DAY_MS);
  await check();
  expect(sent).toEqual([]);
  later(2 * DAY_MS);
  await check();
  expect(sent).toEqual([ISSUE_NEXT]);
  expect(await record()).toMatchObject({ lifecycle: "renewing", orderNumber: 2, notAfter: facts().notAfter });
});

test("goes by the CA's window: renews at a point in it, and at once where it is over", async () => {
  window = () => ({ start: new Date(Date.now() + 10 * DAY_MS), end: new Date(Date.now() + 12 * DAY_MS) });
  later(10 * DAY_MS - 1);
  await check();
  expect(sent).toEqual([]);
  later(2 * DAY_MS + 1);
  await check();
  expect(sent).toEqual([ISSUE_NEXT]);

  await known({ lifecycle: "active", orderNumber: 2 });
  now = new Date();
  window = () => ({ start: new Date(Date.now() - 2 * DAY_MS), end: new Date(Date.now() - DAY_MS) });
  await check();
  expect(sent).toHaveLength(2);
});

test("asks the CA that issued the certificate, and none where that one is off the list", async () => {
  const over = { start: new Date(Date.now() - 2 * DAY_MS), end: new Date(Date.now() - DAY_MS) };
  window = () => over;
  await known({ ca: "other-ca" });
  await check();
  await known({ ca: "former-ca" });
  await check();
  expect(sent).toEqual([]);
  otherWindow = () => over;
  await known({ ca: "other-ca" });
  await check();
  expect(sent).toEqual([ISSUE_NEXT]);
});

test("lets no window of a CA use up the life that was promised, and goes by age where there is none", async () => {
  window = () => ({ start: new Date(Date.now() + 80 * DAY_MS), end: new Date(Date.now() + 89 * DAY_MS) });
  later(63 * DAY_MS);
  await check();
  expect(sent).toEqual([]);
  window = () => {
    throw new CaUnavailable("No answer");
  };
  await check();
  expect(sent).toEqual([ISSUE_NEXT]);

  await known();
  window = () => ({ start: new Date(Date.now() + 80 * DAY_MS), end: new Date(Date.now() + 89 * DAY_MS) });
  later(2 * DAY_MS);
  await check();
  expect(sent).toHaveLength(2);
});

test("of many checks at once one starts the renewal", async () => {
  later(70 * DAY_MS);
  await Promise.all(Array.from({ length: 20 }, check));
  expect(sent).toEqual([ISSUE_NEXT]);
});

test("orders nothing for a name that leads elsewhere or forbids the CA, tells of it once, and renews when it is back", async () => {
  later(62 * DAY_MS);
  addresses = { kind: "answer", records: ["198.51.100.7"] };
  await check();
  await check();
  expect(sent).toEqual([]);
  expect(await problems()).toEqual(["dns-elsewhere"]);
  addresses = { kind: "answer", records: [EDGE] };
  caaIssuers = ["other-ca.example"];
  await check();
  expect(await problems()).toEqual(["caa-forbids"]);
  caaIssuers = [];
  await check();
  expect(await problems()).toEqual([]);
  expect(sent).toEqual([ISSUE_NEXT]);
});

test("takes no silence of DNS servers for an answer", async () => {
  addresses = { kind: "answer", records: ["198.51.100.7"] };
  await check();
  addresses = { kind: "trouble", what: "SERVFAIL" };
  await check();
  expect(await problems()).toEqual(["dns-elsewhere"]);
});

test("pauses a domain whose name left for 30 days, says so, and goes on by itself when it is back", async () => {
  addresses = { kind: "answer", records: ["198.51.100.7"] };
  await check();
  later(29 * DAY_MS);
  await check();
  expect((await record())?.lifecycle).toBe("active");
  later(DAY_MS);
  await check();
  expect(await record()).toMatchObject({ lifecycle: "paused", reason: expect.stringMatching(/30 days/) });
  expect(await problems()).toEqual(["dns-elsewhere", "renewal-paused"]);
  await check();
  expect((await record())?.lifecycle).toBe("paused");

  addresses = { kind: "answer", records: [EDGE] };
  await check();
  expect(await record()).toMatchObject({ lifecycle: "active", orderNumber: 1 });
  expect(await problems()).toEqual([]);
});

test("gives a paused domain whose certificate is over a new order when its name is back", async () => {
  await known({ lifecycle: "paused", reason: "It left." });
  later(100 * DAY_MS);
  await check();
  expect(await record()).toMatchObject({ lifecycle: "registered", orderNumber: 2 });
  expect(sent).toMatchObject([{ topic: "validation", data: { domain: DOMAIN, orderNumber: 2 } }]);
});

test("tells of a site that fails three looks, and of another certificate than the stored one", async () => {
  sight = seen(chain, 503);
  await check();
  expect(looks).toBe(3);
  expect(await problems()).toEqual(["site-unhealthy"]);
  sight = seen(otherChain);
  await check();
  expect(await problems()).toEqual(["wrong-certificate"]);
  sight = { kind: "nothing", because: "connection refused" };
  await check();
  expect(await problems()).toEqual(["site-unhealthy", "wrong-certificate"]);
  sight = seen(chain, 404);
  await check();
  expect(await problems()).toEqual([]);
});

test("tells when less life is left than was promised, and when renewals go on failing", async () => {
  await known({
    failures: 3,
    failingSince: now.toISOString(),
    dueAt: new Date(+now + 80 * DAY_MS).toISOString(),
  });
  await check();
  expect(await problems()).toEqual(["renewal-failing"]);
  later(70 * DAY_MS);
  await check();
  expect(await problems()).toEqual(["expiring", "renewal-failing"]);
  // The next try is not due.
  expect(sent).toEqual([]);
});

test("tries a renewal again that failed, once its time has come, though the certificate is young", async () => {
  await known({ failures: 1, failingSince: now.toISOString(), dueAt: new Date(+now + 60_000).toISOString() });
  await check();
  expect(sent).toEqual([]);
  later(60_000);
  await check();
  expect(sent).toEqual([ISSUE_NEXT]);
});

test("tries a failed domain again once its time has come, and not before", async () => {
  await known({
    lifecycle: "failed",
    notAfter: undefined,
    failures: 1,
    dueAt: new Date(+now + 60_000).toISOString(),
  });
  await check();
  expect(sent).toEqual([]);
  later(60_000);
  await Promise.all([check(), check()]);
  expect(sent).toMatchObject([{ topic: "validation", data: { domain: DOMAIN, orderNumber: 2 } }]);
  expect(await ports.registry.journal(DOMAIN, 2)).toMatchObject([{ phase: "registered" }]);
});

test.each([
  ["registered", "validation", { domain: DOMAIN, orderNumber: 1 }],
  ["renewing", "issuing", { action: "issue", domain: DOMAIN, orderNumber: 1 }],
  ["removing", "issuing", { action: "remove", domain: DOMAIN, orderNumber: 1 }],
] as const)(
  "sends on what is %s and fell silent, again after ever longer silence",
  async (lifecycle, topic, data) => {
    await known({ lifecycle, dueAt: new Date(+now + 900_000).toISOString() });
    await check();
    expect(sent).toEqual([]);
    later(900_000);
    await Promise.all([check(), check()]);
    expect(sent).toMatchObject([{ topic, data }]);
    await check();
    expect(sent).toHaveLength(1);
    const { dueAt = "" } = (await record()) ?? {};
    later(Date.parse(dueAt) - now.getTime());
    await check();
    expect(sent).toHaveLength(2);
    const nextAt = Date.parse((await record())?.dueAt ?? "");
    expect(nextAt - now.getTime()).toBeGreaterThan(Date.parse(dueAt) - now.getTime() + 900_000);
  },
);

test.each([
  ["a renewal", { failures: 1 }, "issuing"],
  ["another order", { lifecycle: "failed", notAfter: undefined }, "validation"],
  ["a removal that fell silent", { lifecycle: "removing" }, "issuing"],
] as const)("sends %s at the next delivery where Pub/Sub took no message", async (_what, fields, topic) => {
  await known({ ...fields, dueAt: now.toISOString() });
  isPublishing = false;
  for (let attempt = 1; attempt <= 3; attempt++) {
    await expect(check()).rejects.toThrow("Pub/Sub is away.");
    later(1_000);
  }
  expect(sent).toEqual([]);
  isPublishing = true;
  await check();
  await check();
  expect(sent).toMatchObject([{ topic }]);
});

test("sends a validated registration to the issuer, and tells of an activation that is late", async () => {
  await known({ lifecycle: "registered", dueAt: now.toISOString() });
  const at = now.toISOString();
  for (const phase of ["validated", "activating", "accepted"] as const) {
    await ports.registry.append(DOMAIN, 1, { phase, at, detail: {} });
  }
  await check();
  expect(sent).toMatchObject([{ topic: "issuing", data: { action: "issue" } }]);
  expect(await problems()).toEqual([]);
  later(3_600_000);
  await check();
  expect(await problems()).toEqual(["activation-late"]);
  await known();
  await check();
  expect(await problems()).toEqual([]);
});

test("tells of a renewal that waits for a day, and of a certificate that comes to its end meanwhile", async () => {
  await known({ lifecycle: "renewing", dueAt: now.toISOString() });
  await ports.registry.append(DOMAIN, 1, { phase: "registered", at: now.toISOString(), detail: {} });
  await check();
  expect(await problems()).toEqual([]);
  later(DAY_MS);
  await check();
  expect(await problems()).toEqual(["renewal-failing"]);
  later(67 * DAY_MS);
  await check();
  expect(await problems()).toEqual(["expiring", "renewal-failing"]);
  expect(sent).toHaveLength(3);
});

test("ends what a success or a served take-over has ended, and no sooner", async () => {
  for (const problem of ["order-failed", "ca-paused", "taken-over"] as const) {
    await ports.alerts.raise(DOMAIN, problem, "It happened.");
  }
  await known({ failures: 1, failingSince: now.toISOString(), dueAt: new Date(+now + 60_000).toISOString() });
  await check();
  expect(await problems()).toEqual(["ca-paused", "order-failed"]);
  await known();
  await check();
  expect(await problems()).toEqual([]);
});

test("drops the check of a domain that is gone", async () => {
  const found = await ports.registry.find(DOMAIN);
  await ports.registry.remove(DOMAIN, found?.generation ?? "");
  expect(await check()).toEqual({ kind: "dropped", reason: `${DOMAIN} is not registered.` });
});
