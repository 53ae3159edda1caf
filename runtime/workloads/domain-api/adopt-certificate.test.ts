import { beforeEach, expect, test } from "@jest/globals";
import { ALICE, BOB, OPERATOR, TestApi } from "./testing/api.ts";

const DOMAIN = "shop.example.test";
const FACTS = {
  customer: ALICE,
  serial: "0a1b",
  issuer: "CN=Test",
  notBefore: "2026-10-01T00:00:00.000Z",
  notAfter: "2026-12-30T00:00:00.000Z",
  certificateId: "aki.serial",
};
const VERSION = "00000000-0a1b";

let api: TestApi;

beforeEach(() => {
  api = new TestApi();
});

const adopt = (body: object, email = OPERATOR) =>
  api.call("POST", `/v1/domains/${DOMAIN}/certificate:adopt`, email, body);

test("registers a domain whose certificate is backed up, for the issuer to activate", async () => {
  expect(await adopt({ ...FACTS, version: VERSION })).toMatchObject({
    status: 202,
    body: { domain: DOMAIN, state: "activating", orderNumber: 1 },
  });
  expect((await api.registry.find(DOMAIN))?.record).toMatchObject({
    customer: ALICE,
    lifecycle: "registered",
  });
  expect(await api.registry.journal(DOMAIN, 1)).toMatchObject([
    { phase: "registered" },
    { phase: "validated", detail: { adopted: "true" } },
    { phase: "backed-up", detail: { version: VERSION, serial: "0a1b", certificateId: "aki.serial" } },
  ]);
  expect(api.issuing).toMatchObject([{ data: { action: "issue", domain: DOMAIN, orderNumber: 1 } }]);
  expect(api.validation).toEqual([]);
});

test("takes what is served already as it is", async () => {
  expect(await adopt(FACTS)).toMatchObject({ status: 202, body: { state: "active" } });
  expect((await api.registry.journal(DOMAIN, 1)).map(({ phase }) => phase)).toEqual([
    "registered",
    "validated",
    "issued",
    "active",
  ]);
});

test("overwrites nothing: a registered domain keeps what it has, and its customer", async () => {
  await adopt({ ...FACTS, version: VERSION });
  expect(await adopt({ ...FACTS, version: VERSION })).toMatchObject({
    status: 409,
    body: { code: "registered" },
  });
  expect(await adopt({ ...FACTS, customer: BOB })).toMatchObject({ status: 409, body: { code: "taken" } });
  expect(api.issuing).toHaveLength(1);
});

test("gives a domain that failed, and never was served, what was left for it", async () => {
  await api.register(DOMAIN);
  await api.change(DOMAIN, { lifecycle: "failed", reason: "It leads elsewhere." });
  expect(await adopt({ ...FACTS, version: VERSION })).toMatchObject({
    status: 202,
    body: { orderNumber: 2 },
  });
});

test.each([
  [{ ...FACTS, notAfter: "2026-10-31T00:00:00.000Z" }, "notAfter"],
  [{ ...FACTS, version: "00000009" }, "version"],
  [{ ...FACTS, customer: "alice" }, "customer"],
])("refuses %j", async (body, field) => {
  expect(await adopt(body)).toMatchObject({ status: 400, body: { errors: [{ field }] } });
  expect(await api.registry.find(DOMAIN)).toBeUndefined();
});

test("is for operators", async () => {
  expect(await adopt(FACTS, ALICE)).toMatchObject({ status: 403 });
});
