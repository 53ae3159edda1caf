import { beforeEach, expect, test } from "@jest/globals";
import { ALICE, OPERATOR, TestApi } from "./testing/api.ts";

const DOMAIN = "shop.example.test";

let api: TestApi;

beforeEach(async () => {
  api = new TestApi();
  await api.register(DOMAIN);
});

const renew = (query = "", email = OPERATOR) =>
  api.call("POST", `/v1/domains/${DOMAIN}/certificate:renew${query}`, email);
const record = async () => (await api.registry.find(DOMAIN))?.record;

test("starts one order for a served domain, however often it is asked", async () => {
  await api.change(DOMAIN, { lifecycle: "active" });
  expect(await renew()).toMatchObject({
    status: 202,
    body: { state: "active", isRenewing: true, orderNumber: 2 },
  });
  expect(await renew()).toMatchObject({ status: 202, body: { isRenewing: true, orderNumber: 2 } });
  expect(api.issuing).toMatchObject([
    { data: { action: "issue", domain: DOMAIN, orderNumber: 2 }, attributes: { customer: ALICE } },
  ]);
  expect((await api.registry.journal(DOMAIN, 2)).map(({ phase }) => phase)).toEqual(["registered"]);
});

test("has the old certificate revoked where that is asked for, also while the renewal is under way", async () => {
  await api.change(DOMAIN, { lifecycle: "active" });
  await renew();
  expect(await renew("?revoke=keyCompromise")).toMatchObject({ status: 202, body: { orderNumber: 2 } });
  expect(await record()).toMatchObject({ lifecycle: "renewing", revocation: "keyCompromise" });
  await renew("?revoke=superseded");
  expect(await record()).toMatchObject({ revocation: "keyCompromise" });
  expect(api.issuing).toHaveLength(1);
  expect(api.lines.join()).toContain('"revocation":"keyCompromise"');
});

test("is for operators, and for domains that are served", async () => {
  expect(await renew()).toMatchObject({ status: 409, body: { code: "not-served" } });
  await api.change(DOMAIN, { lifecycle: "active" });
  expect(await renew("", ALICE)).toMatchObject({ status: 403, body: { code: "operators-only" } });
  const other = await api.call("POST", "/v1/domains/other.example.test/certificate:renew", OPERATOR);
  expect(other).toMatchObject({ status: 404 });
  expect(api.issuing).toEqual([]);
});
