import { beforeEach, expect, test } from "@jest/globals";
import { TestApi } from "./testing/api.ts";

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
