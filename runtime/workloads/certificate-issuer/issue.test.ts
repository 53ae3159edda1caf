import { afterEach, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { newEcdsaKey } from "../../certificates/acme/account-key.ts";
import { CaUnavailable } from "../../certificates/acme/certificate-authority.ts";
import type { Issuing } from "../../certificates/messages.ts";
import { viewOf } from "../../certificates/registry/view.ts";
import { problem } from "../../certificates/testing/certificate-authority.ts";
import { TestIssuingKey } from "../../certificates/testing/issuing-key.ts";
import type { Outcome } from "../../workload/outcome.ts";
import type { IssuerPorts } from "./ports.ts";
import { TestWorld } from "./testing/world.ts";

const DOMAIN = "shop.example.test";
const ISSUE: Issuing = { action: "issue", domain: DOMAIN, orderNumber: 1 };
const DONE: Outcome = { kind: "done" };

let issuer: TestIssuingKey;
let world: TestWorld;

beforeAll(async () => {
  issuer = await TestIssuingKey.create();
});

beforeEach(async () => {
  world = await TestWorld.create(issuer);
  await world.register(DOMAIN);
});

afterEach(() => world.end());

const newOrders = () => world.ca.calls.filter((call) => call === "newOrder").length;

test("takes an order through every phase, in order", async () => {
  expect(await world.deliver(ISSUE)).toEqual(DONE);
  const journal = await world.registry.journal(DOMAIN, 1);
  expect(journal.map(({ phase }) => phase)).toEqual([
    "validated",
    "ordering",
    "ordered",
    "authorized",
    "finalizing",
    "issued",
    "backed-up",
    "activating",
    "active",
    "cleaned",
  ]);
  const served = world.fastly.served(DOMAIN);
  const notAfter = new Date(served?.validTo ?? "").toISOString();
  expect(await world.record(DOMAIN)).toMatchObject({ lifecycle: "active", notAfter });
  expect(journal.find(({ phase }) => phase === "backed-up")?.detail).toEqual({
    version: "00000001",
    ca: "test-ca",
    notBefore: new Date(served?.validFrom ?? "").toISOString(),
    notAfter,
    certificateId: expect.any(String),
    serial: served?.serialNumber.toLowerCase(),
    issuer: "CN=Test Root",
  });
});

test("five deliveries of each of four orders, shuffled and at once, finalise one ACME order each", async () => {
  const domains = [DOMAIN, "a.example.test", "b.example.test", "c.example.test"];
  for (const domain of domains.slice(1)) await world.register(domain);
  const deliveries = domains.flatMap((domain) => Array.from({ length: 5 }, () => ({ ...ISSUE, domain })));
  // A fixed shuffle: 7 and 20 have no common divisor.
  const shuffled = deliveries.map((_, index) => deliveries[(index * 7) % deliveries.length] as Issuing);
  const outcomes = await Promise.all(shuffled.map((message) => world.deliver(message)));
  expect(outcomes.every((outcome) => outcome !== "died" && outcome.kind === "done")).toBe(true);
  expect([...world.ca.finalized].sort()).toEqual([...domains].sort());
  expect([
    world.fastly.keys.length,
    world.fastly.certificates.length,
    world.fastly.activations.length,
  ]).toEqual([4, 4, 4]);
});

test("even with leases that keep nobody apart, an order number has one finalised ACME order", async () => {
  const signal = new AbortController().signal;
  const lease = { signal, leave: () => undefined, release: async () => undefined };
  const leases: IssuerPorts["leases"] = { acquire: async () => ({ kind: "held", lease }) };
  for (let round = 0; round < 5; round++) {
    await Promise.all(Array.from({ length: 4 }, () => world.deliver(ISSUE, undefined, { leases })));
  }
  expect(world.ca.finalized).toEqual([DOMAIN]);
  expect(await world.record(DOMAIN)).toMatchObject({ lifecycle: "active" });
});

test("records until when a limiting CA wants no further request, and asks no more", async () => {
  const retryAt = new Date(Date.now() + 7_200_000);
  world.ca.refuse = (call) =>
    call === "newOrder" ? problem("rateLimited", 429, "too many certificates", retryAt) : undefined;
  expect(await world.deliver(ISSUE)).toMatchObject({ kind: "dropped" });
  expect(await world.record(DOMAIN)).toMatchObject({
    lifecycle: "failed",
    reason: `The certificate authority accepts no further request for ${DOMAIN} before ${retryAt.toISOString()}.`,
    retryAt: retryAt.toISOString(),
  });
  expect(await world.deliver(ISSUE)).toMatchObject({ kind: "dropped" });
  expect(newOrders()).toBe(1);
});

test.each([
  ["newOrder", problem("serverInternal", 503, "busy")],
  ["finalize", new CaUnavailable("No answer")],
  ["certificate", problem("serverInternal", 500, "oops")],
])("tries again after trouble of the CA at %s, with the same ACME order", async (refused, error) => {
  world.ca.refuse = (call) => (call === refused ? error : undefined);
  expect(await world.deliver(ISSUE)).toMatchObject({ kind: "retry" });
  expect(await world.record(DOMAIN)).toMatchObject({ lifecycle: "registered" });
  world.ca.refuse = () => undefined;
  expect(await world.deliver(ISSUE)).toEqual(DONE);
  expect(world.ca.finalized).toEqual([DOMAIN]);
});

test.each([
  ["caa", "The CAA records of shop.example.test forbid our certificate authority: because."],
  ["rejectedIdentifier", "The certificate authority issues no certificate for shop.example.test: because."],
  ["malformed", "The certificate authority refused the request for shop.example.test: because."],
])("tells the customer of a refusal (%s) in a sentence", async (type, reason) => {
  world.ca.refuse = (call) => (call === "newOrder" ? problem(type, 403, "because.") : undefined);
  expect(await world.deliver(ISSUE)).toEqual({ kind: "dropped", reason });
  expect(await world.record(DOMAIN)).toMatchObject({ lifecycle: "failed", reason });
});

test("orders again after a pause when control is not confirmed, and is served when it is then", async () => {
  const { keyAuthorization } = world.ca;
  world.ca.keyAuthorization = async () => "another account's";
  expect(await world.deliver(ISSUE)).toMatchObject({
    kind: "retry",
    reason: expect.stringContaining(`could not confirm ${DOMAIN} yet`),
  });
  expect(await world.record(DOMAIN)).toMatchObject({ lifecycle: "registered" });
  world.ca.keyAuthorization = keyAuthorization;
  const dueAt = (await noted(1)) + 5_000;
  world.letPass(4_800);
  let orderedAt = 0;
  world.ca.refuse = (call) => {
    if (call === "newOrder") orderedAt = world.now().getTime();
    return undefined;
  };
  expect(await world.deliver(ISSUE)).toEqual(DONE);
  expect(orderedAt).toBeGreaterThanOrEqual(dueAt - 10);
  expect(newOrders()).toBe(2);
  expect(world.ca.finalized).toEqual([DOMAIN]);
});

test("fails with the CA's reason when control is not confirmed a second time, and leaves no challenge", async () => {
  await failUnconfirmed(1);
  expect(newOrders()).toBe(2);
  expect(world.ca.calls.filter((call) => call === "answer")).toHaveLength(2);
  const record = await world.record(DOMAIN);
  expect(record).toMatchObject({
    lifecycle: "failed",
    reason: `The certificate authority could not confirm that ${DOMAIN} leads to us: The token is not there.`,
  });
  // Of the CA's five failures an hour, the next order number has its two.
  expect(record?.retryAt).toBeUndefined();
  expect(world.challengeObjects.names).toEqual([]);
  expect(world.ca.finalized).toEqual([]);
});

test("lets repeated orders of an unconfirmed domain never come to the CA's limit of failures", async () => {
  const failures: number[] = [];
  const waits: number[] = [];
  world.ca.refuse = (call) => {
    if (call === "answer") failures.push(world.now().getTime());
    return undefined;
  };
  for (let orderNumber = 1; orderNumber <= 5; orderNumber++) {
    await failUnconfirmed(orderNumber);
    const record = await world.record(DOMAIN);
    const wait = record?.retryAt ? Date.parse(record.retryAt) - world.now().getTime() : 0;
    waits.push(Math.ceil(wait / 60_000));
    world.letPass(wait);
    await world.change(DOMAIN, { lifecycle: "registered", orderNumber: orderNumber + 1, retryAt: undefined });
  }
  expect(waits).toEqual([0, 12, 24, 24, 24]);
  expect(failures).toHaveLength(10);
  let allowed = 5;
  failures.forEach((at, index) => {
    allowed = Math.min(5, allowed + (at - (failures[index - 1] ?? at)) / 720_000);
    expect(allowed).toBeGreaterThanOrEqual(1);
    allowed -= 1;
  });
});

test("ends with the CA's final reason though it could be recorded only later, without another ACME order", async () => {
  world.ca.keyAuthorization = async () => "another account's";
  world.ca.unconfirmed = problem("caa", 403, "because.");
  const replacing = jest
    .spyOn(world.registryObjects, "replace")
    .mockRejectedValue(new Error("Storage is away."));
  expect(await world.deliver(ISSUE)).toMatchObject({ kind: "retry" });
  replacing.mockRestore();
  const reason = `The CAA records of ${DOMAIN} forbid our certificate authority: because.`;
  expect(await world.deliver(ISSUE)).toEqual({ kind: "dropped", reason });
  expect(await world.record(DOMAIN)).toMatchObject({ lifecycle: "failed", reason });
  expect(newOrders()).toBe(1);
});

test.each([
  ["busy", "newOrder", problem("serverInternal", 503, "busy")],
  ["out of reach", "newOrder", new CaUnavailable("No way", { mayHaveTakenEffect: false })],
  ["without the account's key", "openAccount", new Error("KMS decrypt: no answer.")],
])(
  "serves a domain after eight deliveries to a CA %s, which left no ACME orders",
  async (_title, call, error) => {
    world.ca.refuse = (called) => (called === call ? error : undefined);
    for (let delivery = 1; delivery <= 8; delivery++) {
      expect(await world.deliver(ISSUE)).toMatchObject({ kind: "retry" });
    }
    world.ca.refuse = () => undefined;
    expect(await world.deliver(ISSUE)).toEqual(DONE);
    expect(world.ca.finalized).toEqual([DOMAIN]);
  },
);

test.each([
  ["a lost reply", new CaUnavailable("No answer")],
  ["a gateway that waited in vain", problem("about:blank", 504, "timeout")],
])(
  "makes three ACME orders at most that may exist after %s, one refused in between not counted",
  async (_title, error) => {
    const busy = problem("serverInternal", 503, "busy");
    for (const refusal of [busy, error, busy, error, busy, error]) {
      world.ca.refuse = (call) => (call === "newOrder" ? refusal : undefined);
      expect(await world.deliver(ISSUE)).toMatchObject({ kind: "retry" });
    }
    expect(newOrders()).toBe(6);
    expect(await world.deliver(ISSUE)).toMatchObject({ kind: "dropped" });
    expect(await world.record(DOMAIN)).toMatchObject({ reason: expect.stringContaining("none of 3 orders") });
    expect(newOrders()).toBe(6);
  },
);

test("waits, and tells the customer until when, for a CA that is away for longer than deliveries take", async () => {
  const retryAt = new Date(Date.now() + 3_600_000);
  world.ca.refuse = (call) =>
    call === "newOrder" ? problem("serverInternal", 503, "maintenance", retryAt) : undefined;
  expect(await world.deliver(ISSUE)).toEqual(DONE);
  expect(await world.record(DOMAIN)).toMatchObject({
    lifecycle: "registered",
    reason: `The certificate authority takes no request before ${retryAt.toISOString()}.`,
    dueAt: retryAt.toISOString(),
  });
  world.ca.refuse = () => undefined;
  expect(await world.deliver(ISSUE)).toEqual(DONE);
  expect(await world.record(DOMAIN)).toMatchObject({ lifecycle: "active" });
});

test("orders again when the CA forgot the ACME order, three times at most", async () => {
  for (let attempt = 1; attempt <= 3; attempt++) {
    world.ca.forget();
    world.letPass(60_000);
    world.ca.refuse = (call) => (call === "authorization" ? new Error("The wire is cut.") : undefined);
    expect(await world.deliver(ISSUE)).toMatchObject({ kind: "retry" });
    expect(newOrders()).toBe(attempt);
  }
  world.ca.forget();
  world.letPass(60_000);
  expect(await world.deliver(ISSUE)).toMatchObject({ kind: "dropped" });
  expect(await world.record(DOMAIN)).toMatchObject({
    lifecycle: "failed",
    reason: expect.stringContaining("none of 3 orders"),
  });
  expect(newOrders()).toBe(3);
});

test("makes no second ACME order under an order number once one is finalised, even if the CA loses it", async () => {
  world.ca.refuse = (call) => (call === "settledAcmeOrder" ? new CaUnavailable("No answer") : undefined);
  await world.deliver(ISSUE);
  world.ca.forget();
  world.ca.refuse = () => undefined;
  expect(await world.deliver(ISSUE)).toMatchObject({ kind: "retry" });
  world.letPass(600_000);
  expect(await world.deliver(ISSUE)).toMatchObject({ kind: "dropped" });
  expect(world.ca.finalized).toEqual([DOMAIN]);
  expect(newOrders()).toBe(1);
});

test.each([500, 503])("activates later what Fastly could not take (%d), without the CA", async (status) => {
  world.fastly.refuse = (call) => (call.startsWith("POST") ? { status } : undefined);
  expect(await world.deliver(ISSUE)).toMatchObject({ kind: "retry" });
  world.fastly.refuse = () => undefined;
  world.ca.calls.length = 0;
  expect(await world.deliver(ISSUE)).toEqual(DONE);
  expect(world.ca.calls).toEqual([]);
});

test.each([
  [401, undefined, "denies us access"],
  [403, undefined, "denies us access"],
  [429, 3_000, "takes it from"],
  [429, 510, "takes it from"],
])(
  "fails when Fastly answers %d; the next order uses the certificate that was obtained",
  async (status, resetInS, reason) => {
    const reset = Math.ceil(Date.now() / 1000) + (resetInS ?? 0);
    world.fastly.refuse = (call) =>
      call.startsWith("POST") ? { status, headers: { "fastly-ratelimit-reset": String(reset) } } : undefined;
    expect(await world.deliver(ISSUE)).toMatchObject({ kind: "dropped" });
    const record = await world.record(DOMAIN);
    expect(record).toMatchObject({ lifecycle: "failed", reason: expect.stringContaining(reason) });
    expect(record?.retryAt).toBe(resetInS && new Date(reset * 1000).toISOString());

    world.fastly.refuse = () => undefined;
    await world.change(DOMAIN, {
      lifecycle: "registered",
      orderNumber: 2,
      reason: undefined,
      retryAt: undefined,
    });
    expect(await world.deliver({ ...ISSUE, orderNumber: 2 })).toEqual(DONE);
    expect(world.ca.finalized).toEqual([DOMAIN]);
    expect(world.fastly.served(DOMAIN)?.serialNumber).toBe(world.ca.serialOf(DOMAIN));
    expect(
      (await world.registry.journal(DOMAIN, 2)).find(({ phase }) => phase === "backed-up")?.detail.version,
    ).toBe("00000001");
  },
);

test("leaves a limit of Fastly's that ends soon to the next delivery", async () => {
  const reset = String(Math.ceil(Date.now() / 1000) + 60);
  world.fastly.refuse = (call) =>
    call.startsWith("POST") ? { status: 429, headers: { "fastly-ratelimit-reset": reset } } : undefined;
  expect(await world.deliver(ISSUE)).toMatchObject({ kind: "retry" });
  expect(await world.record(DOMAIN)).toMatchObject({ lifecycle: "registered" });
});

test("drops an order whose domain is gone, being removed, or at another order, and asks nothing of the CA", async () => {
  expect(await world.deliver({ ...ISSUE, domain: "none.example.test" })).toEqual({
    kind: "dropped",
    reason: "none.example.test is not registered.",
  });
  expect(await world.deliver({ ...ISSUE, orderNumber: 7 })).toMatchObject({ kind: "dropped" });
  await world.change(DOMAIN, { lifecycle: "removing" });
  expect(await world.deliver(ISSUE)).toEqual({ kind: "dropped", reason: `${DOMAIN} is being removed.` });
  expect(world.ca.calls).toEqual([]);
  expect(world.registryObjects.names.filter((name) => name.startsWith("leases/"))).toEqual([]);
});

test("restores the newest backup after the certificate was deleted at Fastly", async () => {
  await world.deliver(ISSUE);
  const served = world.fastly.served(DOMAIN)?.serialNumber;
  for (const list of [world.fastly.activations, world.fastly.certificates, world.fastly.keys])
    list.length = 0;
  world.ca.calls.length = 0;
  expect(await world.deliver({ ...ISSUE, action: "restore" })).toEqual(DONE);
  expect(await world.deliver({ ...ISSUE, action: "restore" })).toEqual(DONE);
  expect(world.fastly.served(DOMAIN)?.serialNumber).toBe(served);
  expect([
    world.fastly.keys.length,
    world.fastly.certificates.length,
    world.fastly.activations.length,
  ]).toEqual([1, 1, 1]);
  expect(world.ca.calls).toEqual([]);
});

test("links what it restores", async () => {
  await world.deliver(ISSUE);
  world.fastly.activations.length = 0;
  await world.change(DOMAIN, { lifecycle: "failed", orderNumber: 2, reason: "It leads elsewhere." });
  expect(world.fastly.domains).toEqual([]);
  expect(await world.deliver({ ...ISSUE, action: "restore" })).toEqual(DONE);
  expect(world.fastly.domains).toMatchObject([{ fqdn: DOMAIN, service_id: "service" }]);
  expect(world.fastly.activations).toHaveLength(1);
  expect(await world.record(DOMAIN)).toMatchObject({ lifecycle: "active" });
});

test("restores no domain that is in use at Fastly by others, and shows why until a restore succeeds", async () => {
  await world.deliver(ISSUE);
  world.fastly.activations.length = 0;
  world.fastly.domains.push({ id: "d1", fqdn: DOMAIN, service_id: "another" });
  const reason = `${DOMAIN} is already in use at Fastly by another service.`;
  expect(await world.deliver({ ...ISSUE, action: "restore" })).toEqual({ kind: "dropped", reason });
  expect(world.fastly.activations).toEqual([]);
  const shown = async () => {
    const record = await world.record(DOMAIN);
    return record && viewOf(record, await world.registry.journal(DOMAIN, 1));
  };
  expect(await shown()).toMatchObject({ state: "active", reason: `Not restored. ${reason}` });
  world.fastly.domains.length = 0;
  expect(await world.deliver({ ...ISSUE, action: "restore" })).toEqual(DONE);
  expect(await shown()).toMatchObject({ state: "active", reason: undefined });
});

test.each([
  ["restore", "POST /tls/private_keys"],
  ["remove", "DELETE /tls/activations"],
] as const)("stops a %s whose lease is lost", async (action, lastCall) => {
  await world.deliver(ISSUE);
  if (action === "remove") await world.change(DOMAIN, { lifecycle: "removing" });
  else
    for (const list of [world.fastly.activations, world.fastly.certificates, world.fastly.keys])
      list.length = 0;
  const lost = new AbortController();
  const lease = { signal: lost.signal, leave: () => undefined, release: async () => undefined };
  const leases: IssuerPorts["leases"] = { acquire: async () => ({ kind: "held", lease }) };
  const calls: string[] = [];
  world.fastly.refuse = (call) => {
    calls.push(call);
    if (call.startsWith(lastCall)) lost.abort(new Error("The lease was lost."));
    return undefined;
  };
  expect(await world.deliver({ ...ISSUE, action }, undefined, { leases })).toMatchObject({ kind: "retry" });
  expect(calls.at(-1)).toMatch(lastCall);
  expect(world.fastly.certificates).toHaveLength(action === "remove" ? 1 : 0);
});

test("restores nothing without a backup, and removes nothing that is not being removed", async () => {
  expect(await world.deliver({ ...ISSUE, action: "restore" })).toEqual({
    kind: "dropped",
    reason: `${DOMAIN} has no backup.`,
  });
  await world.deliver(ISSUE);
  await world.change(DOMAIN, { orderNumber: 1 });
  expect(await world.deliver({ ...ISSUE, action: "remove" })).toEqual(DONE);
  expect(world.fastly.activations).toHaveLength(1);
  expect(await world.record(DOMAIN)).toMatchObject({ lifecycle: "active" });
});

test("shows no key to logs or to Fastly's errors, on the way through success and every failure", async () => {
  world.fastly.refuse = (call) =>
    call === "POST /tls/certificates" ? { status: 422, body: { msg: "no" } } : undefined;
  await world.deliver(ISSUE);
  world.fastly.refuse = () => undefined;
  await world.change(DOMAIN, { lifecycle: "registered", orderNumber: 2, reason: undefined });
  const { keyPem } = await world.ports().backups.orderKey(DOMAIN, "00000001", newEcdsaKey);
  await world.deliver({ ...ISSUE, orderNumber: 2 });
  await world.deliver({ ...ISSUE, action: "restore" });
  expect(world.logs).toContain("Certificate active");
  expect(world.logs).toContain("Order failed");
  const body = keyPem.reveal().split("\n")[1] ?? "";
  expect(body.length).toBeGreaterThan(60);
  for (const text of [world.logs, ...(await contents())]) expect(text).not.toContain(body);
  expect(world.logs).not.toMatch(/PRIVATE KEY|fastly-token/);
});

/** When the first unconfirmed ACME order of an order number was noted. */
async function noted(orderNumber: number): Promise<number> {
  const found = await world.registryObjects.read(`orders/${DOMAIN}/${orderNumber}/unconfirmed.json`);
  return Date.parse(JSON.parse(found?.bytes.toString() ?? "{}").at);
}

async function failUnconfirmed(orderNumber: number): Promise<void> {
  world.ca.keyAuthorization = async () => "another account's";
  expect(await world.deliver({ ...ISSUE, orderNumber })).toMatchObject({ kind: "retry" });
  world.outliveLeases();
  expect(await world.deliver({ ...ISSUE, orderNumber })).toMatchObject({ kind: "dropped" });
}

async function contents(): Promise<string[]> {
  const stores = [world.registryObjects, world.challengeObjects, world.backupObjects];
  return Promise.all(
    stores.flatMap((store) =>
      store.names.map(async (name) => (await store.read(name))?.bytes.toString() ?? ""),
    ),
  );
}
