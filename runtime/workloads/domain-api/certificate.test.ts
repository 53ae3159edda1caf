import { beforeEach, expect, test } from "@jest/globals";
import { ALICE, OPERATOR, TestApi } from "./testing/api.ts";

let api: TestApi;

beforeEach(() => {
  api = new TestApi();
});

test("shows of a certificate what the journal says, also while a newer order has none yet", async () => {
  await api.register("shop.example.test");
  expect(await api.call("GET", "/v1/domains/shop.example.test/certificate")).toMatchObject({ status: 404 });
  await api.journal("shop.example.test", 1, "issued", {
    serial: "0a1b",
    issuer: "CN=Test",
    notAfter: "2027-01-30T00:00:00Z",
  });
  await api.journal("shop.example.test", 1, "backed-up", { version: "000001" });
  await api.change("shop.example.test", { orderNumber: 2 });
  expect((await api.call("GET", "/v1/domains/shop.example.test/certificate")).body).toEqual({
    domain: "shop.example.test",
    orderNumber: 1,
    version: "000001",
    serial: "0a1b",
    issuer: "CN=Test",
    notAfter: "2027-01-30T00:00:00Z",
    finding: null,
  });
});

test("restores an active domain's certificate, and no other's", async () => {
  const restore = () => api.call("POST", "/v1/domains/shop.example.test/certificate:restore");
  expect(await restore()).toMatchObject({ status: 404 });
  await api.register("shop.example.test");
  expect(await restore()).toMatchObject({ status: 409, body: { code: "in-progress" } });
  await api.journal("shop.example.test", 1, "backed-up", { version: "000001" });
  await api.journal("shop.example.test", 1, "active");
  expect(await restore()).toMatchObject({ status: 202, body: { state: "active" } });
  expect(api.issuing).toMatchObject([{ data: { action: "restore", domain: "shop.example.test" } }]);
});

test("has the issuer look, for operators alone, who find what it found under the request", async () => {
  const path = "/v1/domains/shop.example.test/certificate";
  const verify = (email: string) => api.call("POST", `${path}:verify`, email);
  await api.register("shop.example.test");
  expect(await verify(OPERATOR)).toMatchObject({ status: 404, body: { code: "no-certificate" } });
  await api.journal("shop.example.test", 1, "backed-up", { version: "000001" });

  expect(await verify(ALICE)).toMatchObject({ status: 403, body: { code: "operators-only" } });
  expect(api.issuing).toEqual([]);
  const { status, body } = await verify(OPERATOR);
  expect(status).toBe(202);
  expect(api.issuing).toMatchObject([
    { data: { action: "verify", domain: "shop.example.test", request: body.request } },
  ]);

  const finding = {
    request: body.request,
    at: "2026-11-01T12:00:00.000Z",
    outcome: "verified" as const,
    reason: null,
    retryAt: null,
    backup: null,
    passedOver: [{ version: "000001", why: "cannot be opened" }],
    activated: "none" as const,
    linked: "ours" as const,
  };
  await api.findings.write("shop.example.test", finding);
  expect((await api.call("GET", path, OPERATOR)).body).toMatchObject({ finding });
  expect((await api.call("GET", path, ALICE)).body).toMatchObject({ finding: null });
});

test("has a domain checked at once, for operators alone", async () => {
  const check = (email: string) => api.call("POST", "/v1/domains/shop.example.test/certificate:check", email);
  expect(await check(OPERATOR)).toMatchObject({ status: 404 });
  await api.register("shop.example.test");
  expect(await check(ALICE)).toMatchObject({ status: 403, body: { code: "operators-only" } });
  expect(await check(OPERATOR)).toMatchObject({ status: 202, body: { domain: "shop.example.test" } });
  expect(api.checking).toMatchObject([
    { data: { domain: "shop.example.test", asksAnew: true }, attributes: { customer: ALICE } },
  ]);
});
