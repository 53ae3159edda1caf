import { afterEach, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import type { Budgets, Spending } from "../../certificates/budgets/budgets.ts";
import type { Issuing } from "../../certificates/messages.ts";
import { change } from "../../certificates/registry/change.ts";
import {
  register,
  renew,
  startRemoval,
  type Transition,
  takeOverProven,
} from "../../certificates/registry/transitions.ts";
import { problem } from "../../certificates/testing/certificate-authority.ts";
import { TestIssuingKey } from "../../certificates/testing/issuing-key.ts";
import type { Outcome } from "../../workload/outcome.ts";
import type { IssuerPorts } from "./ports.ts";
import { TestWorld } from "./testing/world.ts";

const DOMAIN = "shop.example.test";
const CUSTOMER = "customer@example.test";
const FIRST: Issuing = { action: "issue", domain: DOMAIN, orderNumber: 1 };
const SECOND: Issuing = { ...FIRST, orderNumber: 2 };
const REMOVE: Issuing = { ...FIRST, action: "remove" };
const DONE: Outcome = { kind: "done" };
const DAY_MS = 86_400_000;

let issuer: TestIssuingKey;
let world: TestWorld;

beforeAll(async () => {
  issuer = await TestIssuingKey.create();
});

beforeEach(async () => {
  world = await TestWorld.create(issuer);
  await world.register(DOMAIN);
  await world.deliver(FIRST);
});

afterEach(() => world.end());

const serial = () => world.fastly.served(DOMAIN)?.serialNumber;
const atFastly = () =>
  [world.fastly.keys, world.fastly.certificates, world.fastly.activations].map(({ length }) => length);
const move = (transition: Parameters<typeof change>[2]) => change(world.registry, DOMAIN, transition);
const startRenewal = () => move((record) => renew(record, world.now()));

/** An edge that goes on showing the certificate of now. */
function staleEdge(): IssuerPorts["edge"] {
  const certificate = world.fastly.served(DOMAIN);
  return { certificate: async () => certificate };
}

/** Registers the domain again, which was removed. */
async function registerAgain(customer: string): Promise<Issuing> {
  const orderNumber = await world.registry.firstOrderNumber(DOMAIN);
  await world.registry.create(register(DOMAIN, customer, orderNumber, world.now()));
  return { ...FIRST, orderNumber };
}

test("renews by an order that names what it replaces, and leaves nothing of the certificate before", async () => {
  const before = await world.record(DOMAIN);
  const old = serial();
  await startRenewal();
  expect(await world.deliver(SECOND)).toEqual(DONE);

  const replaces = before?.certificateId;
  expect(world.ca.newOrders.at(-1)).toEqual({ domain: DOMAIN, asked: replaces, replaces });
  expect(serial()).not.toBe(old);
  expect(atFastly()).toEqual([1, 1, 1]);
  const record = await world.record(DOMAIN);
  expect(record).toMatchObject({ lifecycle: "active", orderNumber: 2, version: "00000002" });
  expect(record?.certificateId).not.toBe(before?.certificateId);
});

test("names what it replaces to the CA alone that issued it: another would refuse the order", async () => {
  const asked = jest.spyOn(world.ca, "newOrder");
  await startRenewal();
  await world.change(DOMAIN, { ca: "another-ca" });
  expect(await world.deliver(SECOND)).toEqual(DONE);

  expect(asked.mock.calls).toEqual([[DOMAIN, { replaces: undefined }]]);
});

test("keeps the certificate before until the edge shows the new one, however many deliveries that takes", async () => {
  const edge = staleEdge();
  await startRenewal();
  for (let delivery = 0; delivery < 3; delivery++) {
    expect(await world.deliver(SECOND, undefined, { edge, sleep: async () => undefined })).toEqual(DONE);
    expect(atFastly()).toEqual([2, 2, 1]);
    const { lifecycle, dueAt = "" } = (await world.record(DOMAIN)) ?? {};
    expect(lifecycle).toBe("renewing");
    const waitMs = Date.parse(dueAt) - world.now().getTime();
    expect(waitMs).toBeGreaterThan(50_000);
    expect(waitMs).toBeLessThanOrEqual(600_000);
    world.letPass(waitMs);
  }
  expect(await world.deliver(SECOND)).toEqual(DONE);
  expect(atFastly()).toEqual([1, 1, 1]);
  expect(await world.record(DOMAIN)).toMatchObject({ lifecycle: "active", version: "00000002" });
  expect(world.ca.finalized).toHaveLength(2);
});

test("goes on serving when a renewal fails, and tries again by itself with an order of its own", async () => {
  const old = serial();
  world.ca.refuse = (call) =>
    call === "newOrder" ? problem("rejectedIdentifier", 400, "Not this one") : undefined;
  await startRenewal();
  expect(await world.deliver(SECOND)).toMatchObject({ kind: "dropped" });
  expect(serial()).toBe(old);
  const failed = await world.record(DOMAIN);
  expect(failed).toMatchObject({ lifecycle: "active", failures: 1, version: "00000001" });
  expect(Date.parse(failed?.dueAt ?? "")).toBeGreaterThan(world.now().getTime());
  expect(await world.deliver(SECOND)).toMatchObject({
    kind: "dropped",
    reason: expect.stringMatching(/failed/),
  });

  world.ca.refuse = () => undefined;
  await startRenewal();
  expect(await world.deliver({ ...FIRST, orderNumber: 3 })).toEqual(DONE);
  const renewed = await world.record(DOMAIN);
  expect(renewed).toMatchObject({ lifecycle: "active", version: "00000003" });
  expect([renewed?.failures, renewed?.failingSince, renewed?.reason]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test("wakes operators for a failure that is ours, and not for one that is the customer's", async () => {
  const problems = async () => (await world.ports().alerts.open(DOMAIN)).map((one) => one.problem);
  world.ca.refuse = (call) => (call === "newOrder" ? problem("caa", 403, "CAA forbids") : undefined);
  await startRenewal();
  await world.deliver(SECOND);
  expect(await problems()).toEqual([]);
  world.ca.refuse = () => undefined;
  world.fastly.refuse = (call) => (call.startsWith("POST /tls/certificates") ? { status: 400 } : undefined);
  await startRenewal();
  await world.deliver({ ...FIRST, orderNumber: 3 });
  expect(await problems()).toEqual(["order-failed"]);
});

test("revokes what it replaces, for the reason given, once the new certificate is seen", async () => {
  const before = (await world.record(DOMAIN))?.certificateId ?? "";
  const edge = staleEdge();
  await move((record) => renew(record, world.now(), "keyCompromise"));
  await world.deliver(SECOND, undefined, { edge, sleep: async () => undefined });
  expect(world.ca.revoked.size).toBe(0);
  await world.deliver(SECOND);
  expect([...world.ca.revoked]).toEqual([[before, "keyCompromise"]]);
  expect((await world.record(DOMAIN))?.revocation).toBeUndefined();
});

test("revokes a removed domain's certificate if that was asked for, and only then", async () => {
  const { certificateId = "" } = (await world.record(DOMAIN)) ?? {};
  await move((record): Transition => startRemoval(record, world.now(), "cessationOfOperation"));
  expect(await world.deliver(REMOVE)).toEqual(DONE);
  expect([...world.ca.revoked]).toEqual([[certificateId, "cessationOfOperation"]]);
  expect(atFastly()).toEqual([0, 0, 0]);

  const again = await registerAgain(CUSTOMER);
  await world.deliver(again);
  // What is revoked serves nobody any more.
  expect(world.ca.finalized).toHaveLength(2);
  await move((record) => startRemoval(record, world.now()));
  await world.deliver({ ...again, action: "remove" });
  expect(world.ca.revoked.size).toBe(1);
});

test("six rounds of removing and adding cost one certificate", async () => {
  const first = serial();
  for (let round = 0; round < 6; round++) {
    // The CDN takes so many writes an hour.
    world.letPass(3_600_000);
    await move((record) => startRemoval(record, world.now()));
    expect(await world.deliver(REMOVE)).toEqual(DONE);
    expect(serial()).toBeUndefined();
    expect(await world.deliver(await registerAgain(CUSTOMER))).toEqual(DONE);
    expect(serial()).toBe(first);
  }
  expect(world.ca.finalized).toHaveLength(1);
  expect(await world.record(DOMAIN)).toMatchObject({
    version: "00000001",
    certificateId: expect.any(String),
  });
});

test("gives a customer no certificate of the one before, nor one that is to be renewed", async () => {
  await move((record) => startRemoval(record, world.now()));
  await world.deliver(REMOVE);
  await world.deliver(await registerAgain("another@example.test"));
  expect(world.ca.finalized).toHaveLength(2);

  await move((record) => startRemoval(record, world.now()));
  await world.deliver(REMOVE);
  world.letPass(61 * DAY_MS);
  await world.deliver(await registerAgain("another@example.test"));
  expect(world.ca.finalized).toHaveLength(3);
});

test("starts no order whose activation can't be paid for, says when it goes on, and asks nothing of the CA until then", async () => {
  const until = new Date(world.now().getTime() + 1_800_000);
  const asked: Spending[] = [];
  const spent: Budgets["take"] = async (spending) => {
    asked.push(spending);
    return { kind: "wait", until, limit: "the CDN's hourly budget" };
  };
  const budgets = { take: spent, giveBack: async () => undefined };
  world.ca.calls.length = 0;
  await startRenewal();
  expect(await world.deliver(SECOND, undefined, { budgets })).toEqual(DONE);
  expect(asked).toEqual([{ work: "ari-renewal", domain: DOMAIN, customer: CUSTOMER }]);
  expect(world.ca.calls).toEqual([]);
  expect(await world.record(DOMAIN)).toMatchObject({
    lifecycle: "renewing",
    dueAt: until.toISOString(),
    reason: expect.stringMatching(/the CDN's hourly budget/),
  });
  expect(await world.deliver(SECOND)).toEqual(DONE);
  expect(await world.record(DOMAIN)).toMatchObject({ lifecycle: "active", version: "00000002" });
});

test("lets a removal wait for the budget with the site served, and go on by itself", async () => {
  const until = new Date(world.now().getTime() + 1_800_000);
  const budgets: Pick<Budgets, "take" | "giveBack"> = {
    take: async () => ({ kind: "wait", until, limit: "the CDN's hourly budget" }),
    giveBack: async () => undefined,
  };
  await move((record) => startRemoval(record, world.now()));
  expect(await world.deliver(REMOVE, undefined, { budgets })).toEqual(DONE);
  expect(serial()).toBeDefined();
  expect(await world.record(DOMAIN)).toMatchObject({ lifecycle: "removing", dueAt: until.toISOString() });
  expect(await world.deliver(REMOVE)).toEqual(DONE);
  expect(serial()).toBeUndefined();
  expect(await world.record(DOMAIN)).toBeUndefined();
});

test("who takes a name over gets a certificate of his own, also where the one before was never used", async () => {
  const former = serial();
  await move((record) => takeOverProven(record, "another@example.test", world.now()));
  expect(await world.deliver(SECOND)).toEqual(DONE);
  expect(world.ca.finalized).toHaveLength(2);
  expect(serial()).not.toBe(former);
  expect(atFastly()).toEqual([1, 1, 1]);

  // The former customer's order, which comes late, changes nothing.
  await world.deliver(FIRST);
  expect(await world.record(DOMAIN)).toMatchObject({ lifecycle: "active", version: "00000002" });
});

test("who took a name over and let it go finds no backup but his own when he comes back", async () => {
  await move((record) => takeOverProven(record, "another@example.test", world.now()));
  await move((record) => startRemoval(record, world.now()));
  await world.deliver({ ...REMOVE, orderNumber: 2 });
  expect(await world.registry.tombstone(DOMAIN)).toMatchObject({ lastOrderNumber: 2, firstOrderNumber: 2 });
  const record = register(DOMAIN, "another@example.test", 3, world.now(), 2);
  await world.registry.create(record);
  await world.deliver({ ...FIRST, orderNumber: 3 });
  expect(world.ca.finalized).toHaveLength(2);
});

test("keeps the journals of a domain's latest orders alone", async () => {
  for (let orderNumber = 2; orderNumber <= 14; orderNumber++) {
    world.letPass(3_600_000);
    await startRenewal();
    expect(await world.deliver({ ...FIRST, orderNumber })).toEqual(DONE);
  }
  const numbers = world.registryObjects.names
    .filter((name) => name.startsWith(`orders/${DOMAIN}/`))
    .map((name) => Number(name.split("/")[2]));
  expect([...new Set(numbers)].sort((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
});
