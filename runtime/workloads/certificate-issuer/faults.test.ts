import { afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { Issuing } from "../../certificates/messages.ts";
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

/** What would wake the platform's operators. */
const errors = () =>
  world.logs
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line))
    .filter(({ severity, outcome }) => severity === "ERROR" && outcome !== "retry")
    .map(({ message }) => message);

test.each(["caa", "rejectedIdentifier"])(
  "a domain that the CA refuses with %s is no fault of ours",
  async (type) => {
    world.ca.refuse = (call) => (call === "newOrder" ? problem(type, 403, "because.") : undefined);
    expect(await world.deliver(ISSUE)).toMatchObject({ kind: "dropped" });
    expect(world.logs).toContain("Order refused");
    expect(errors()).toEqual([]);
  },
);

test("a domain that the CA could not confirm, twice, is no fault of ours", async () => {
  world.ca.keyAuthorization = async () => "another account's";
  await world.deliver(ISSUE);
  world.outliveLeases();
  await world.deliver(ISSUE);
  expect(await world.record(DOMAIN)).toMatchObject({ lifecycle: "failed" });
  expect(errors()).toEqual([]);
});

test.each(["unauthorized", "accountDoesNotExist", "malformed", "rateLimited"])(
  "a CA that answers our own request with %s is a fault of ours",
  async (type) => {
    world.ca.refuse = (call) => (call === "newOrder" ? problem(type, 403, "because.") : undefined);
    expect(await world.deliver(ISSUE)).toMatchObject({ kind: "dropped" });
    expect(errors()).toEqual(["Order failed"]);
  },
);

test("a token that Fastly does not take is a fault of ours", async () => {
  world.fastly.refuse = (call) => (call.startsWith("POST") ? { status: 401 } : undefined);
  expect(await world.deliver(ISSUE)).toMatchObject({ kind: "dropped" });
  expect(errors()).toEqual(["Order failed"]);
});

test("what the next delivery may mend is told as nobody's fault yet", async () => {
  world.fastly.refuse = (call) => (call.startsWith("POST") ? { status: 503 } : undefined);
  expect(await world.deliver(ISSUE)).toMatchObject({ kind: "retry" });
  expect(errors()).toEqual([]);
});

test.each<[string, number, readonly string[]]>([
  ["that Fastly does not let us make is", 401, ["Restore failed"]],
  ["that the next delivery may make is not", 503, []],
])("a restore %s a fault of ours", async (_title, status, expected) => {
  await world.deliver(ISSUE);
  for (const list of [world.fastly.activations, world.fastly.certificates, world.fastly.keys])
    list.length = 0;
  world.fastly.refuse = (call) => (call.startsWith("POST") ? { status } : undefined);
  await world.deliver({ ...ISSUE, action: "restore" });
  expect(errors()).toEqual(expected);
});

test("a restore for which there is nothing is no fault of ours", async () => {
  expect(await world.deliver({ ...ISSUE, action: "restore" })).toMatchObject({ kind: "dropped" });
  expect(world.logs).toContain("Restore refused");
  expect(errors()).toEqual([]);
});
