import { afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { Budgets } from "../../certificates/budgets/budgets.ts";
import type { Issuing } from "../../certificates/messages.ts";
import { change } from "../../certificates/registry/change.ts";
import { renew, startRemoval } from "../../certificates/registry/transitions.ts";
import { problem } from "../../certificates/testing/certificate-authority.ts";
import { TestIssuingKey } from "../../certificates/testing/issuing-key.ts";
import { TestWorld } from "./testing/world.ts";

const DOMAIN = "shop.example.test";
const ISSUE: Issuing = { action: "issue", domain: DOMAIN, orderNumber: 1 };

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

test("others hear when a certificate is live, when another takes its place, and when the domain is gone", async () => {
  await world.deliver(ISSUE);
  await world.deliver(ISSUE);
  const record = await world.record(DOMAIN);
  expect(world.events.events).toEqual([
    {
      id: `${DOMAIN}/1/issued`,
      type: "issued",
      domain: DOMAIN,
      customer: record?.customer,
      orderNumber: 1,
      at: expect.any(String),
      notAfter: record?.notAfter,
    },
  ]);

  await change(world.registry, DOMAIN, (record) => renew(record, world.now()));
  await world.deliver({ ...ISSUE, orderNumber: 2 });
  await change(world.registry, DOMAIN, (record) => startRemoval(record, world.now()));
  await world.deliver({ action: "remove", domain: DOMAIN, orderNumber: 2 });
  expect(world.events.types).toEqual(["issued", "renewed", "removed"]);
});

test("a delivery that has only to tidy up tells nothing again", async () => {
  await world.deliver(ISSUE);
  await world.registryObjects.remove(`orders/${DOMAIN}/1/cleaned.json`);
  world.outliveLeases();
  await world.deliver(ISSUE);
  expect(world.events.types).toEqual(["issued"]);
});

test("others hear why an order failed, and whether the domain is served all the same", async () => {
  await world.deliver(ISSUE);
  await change(world.registry, DOMAIN, (record) => renew(record, world.now()));
  world.ca.refuse = (call) =>
    call === "newOrder" ? problem("rejectedIdentifier", 403, "because.") : undefined;
  await world.deliver({ ...ISSUE, orderNumber: 2 });
  expect(world.events.events[1]).toMatchObject({
    id: `${DOMAIN}/2/failed`,
    type: "failed",
    isRenewal: true,
    reason: expect.stringMatching(/\w/),
  });
});

test.each(["issued", "removed"])("what could not be told is told by the next delivery: %s", async (type) => {
  let message: Issuing = ISSUE;
  if (type === "removed") {
    await world.deliver(ISSUE);
    await change(world.registry, DOMAIN, (record) => startRemoval(record, world.now()));
    message = { action: "remove", domain: DOMAIN, orderNumber: 1 };
  }
  world.events.failures = 1;
  await world.deliver(message).catch(() => undefined);
  expect(world.events.types).not.toContain(type);
  await world.deliver(message);
  expect(world.events.types).toContain(type);
});

test.each(["an order", "a removal"])(
  "what waits for a budget says for which, where monitoring counts it: %s",
  async (work) => {
    let message: Issuing = ISSUE;
    if (work === "a removal") {
      await world.deliver(ISSUE);
      await change(world.registry, DOMAIN, (record) => startRemoval(record, world.now()));
      message = { action: "remove", domain: DOMAIN, orderNumber: 1 };
    }
    world.logs = "";
    const limit = "the CDN's hourly budget";
    const budgets: Pick<Budgets, "take" | "giveBack"> = {
      take: async () => ({ kind: "wait", until: world.now(), limit }),
      giveBack: async () => undefined,
    };
    await world.deliver(message, undefined, { budgets });
    const lines = world.logs.split("\n").flatMap((line) => (line === "" ? [] : JSON.parse(line)));
    expect(lines).toContainEqual(expect.objectContaining({ domain: DOMAIN, limit }));
  },
);
