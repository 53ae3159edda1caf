import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { CA_CALLS, type CaFault, refusal } from "../../certificates/testing/faulty-ca.ts";
import { FaultyCaWorld } from "./testing/faulty-ca-world.ts";

const SILENCE_MS = 1_000;
const inAnHourAndHalf = () => new Date(Date.now() + 5_400_000).toUTCString();
const TROUBLES: readonly [string, () => CaFault][] = [
  ["503 rateLimited", () => refusal(503, "rateLimited", "Service busy; retry later.")],
  ["503 rateLimited for 30 s", () => refusal(503, "rateLimited", "Busy.", { "retry-after": "30" })],
  ["503 until a date", () => refusal(503, "serverInternal", "Busy.", { "retry-after": inAnHourAndHalf() })],
  ["429 for 4 min", () => refusal(429, "rateLimited", "Slow down.", { "retry-after": "240" })],
  ["500", () => refusal(500, "serverInternal")],
  ["a page with 502", () => ({ kind: "reply", status: 502, body: "<html>Bad gateway</html>" })],
  ["a page with 403", () => ({ kind: "reply", status: 403, body: "<html>Denied</html>" })],
  ["a page with 200", () => ({ kind: "reply", status: 200, body: "<html>Welcome</html>" })],
  ["a cut connection", () => ({ kind: "cut" })],
  ["a lost reply", () => ({ kind: "lost" })],
];

let at: FaultyCaWorld;

beforeAll(async () => {
  at = await FaultyCaWorld.start();
});

beforeEach(() => at.renew());

afterAll(() => at.stop());

async function expectServedByOneCertificate(): Promise<void> {
  expect(await at.deliverToTheEnd()).toEqual({ kind: "done" });
  expect(await at.record()).toMatchObject({ lifecycle: "active", ca: "pebble" });
  expect(at.finalized.size).toBe(1);
  expect(at.errors()).toEqual([]);
}

describe.each(CA_CALLS)("trouble at %s", (call) => {
  test.each(TROUBLES)("%s costs time alone", async (_title, fault) => {
    at.fault(call, fault());
    await expectServedByOneCertificate();
  });

  test("silence ends at the deadline, and costs time alone", async () => {
    at.authorities = [at.client(SILENCE_MS)];
    at.fault(call, { kind: "silence" });
    await expectServedByOneCertificate();
  });
});

const malformed = () => refusal(404, "malformed", "No such thing.");

describe.each(["acmeOrder", "authorization", "answer", "finalize", "certificate"] as const)(
  "a replica that does not know what %s is about",
  (call) => {
    test("yet, is asked again within the delivery", async () => {
      at.fault(call, malformed(), 2);
      expect(await at.deliver()).toEqual({ kind: "done" });
      await expectServedByOneCertificate();
      expect(at.countOf("newOrder")).toBe(1);
    });

    test("for longer than a delivery takes, is asked by the next", async () => {
      at.fault(call, malformed(), 6);
      expect(await at.deliver()).toMatchObject({ kind: "retry" });
      await expectServedByOneCertificate();
      expect(at.countOf("newOrder")).toBe(1);
    });
  },
);

test("what the CA never finds again counts as lost, and is ordered anew", async () => {
  const [authority] = at.authorities;
  at.fault("authorization", { kind: "cut" });
  await at.deliver();
  const first = at.countOf("newOrder");
  let lost: string | undefined;
  at.proxy.fault = (call, _occurrence, path) => {
    if (call === "acmeOrder") lost ??= path;
    return call === "acmeOrder" && path === lost ? malformed() : undefined;
  };
  expect(await at.deliverToTheEnd()).toEqual({ kind: "done" });
  expect([first, at.countOf("newOrder")]).toEqual([1, 2]);
  expect(await at.record()).toMatchObject({ lifecycle: "active", ca: authority.name });
});
