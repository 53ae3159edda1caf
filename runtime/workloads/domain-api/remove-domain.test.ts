import { beforeEach, expect, test } from "@jest/globals";
import { TestApi } from "./testing/api.ts";

let api: TestApi;

beforeEach(() => {
  api = new TestApi();
});

test("a removal is asked of the issuer once, again only when its message seems lost", async () => {
  await api.register("shop.example.test");
  const remove = () => api.call("DELETE", "/v1/domains/shop.example.test");
  expect(await remove()).toMatchObject({ status: 202, body: { state: "removing" } });
  expect(await remove()).toMatchObject({ status: 202, body: { state: "removing" } });
  expect(api.issuing).toMatchObject([
    { data: { action: "remove", domain: "shop.example.test", orderNumber: 1 } },
  ]);
  expect(await api.register("shop.example.test")).toMatchObject({ status: 409, body: { code: "removing" } });
  api.now += 5_000;
  await remove();
  expect(api.issuing).toHaveLength(2);
});

test("asked for every second, it is sent again only each time that the silence has doubled", async () => {
  await api.register("shop.example.test");
  const remove = () => api.call("DELETE", "/v1/domains/shop.example.test");
  await remove();
  const sentAt: number[] = [];
  for (let second = 1; second <= 40; second++) {
    const before = api.issuing.length;
    api.now += 1_000;
    await Promise.all([remove(), remove()]);
    for (let sent = before; sent < api.issuing.length; sent++) sentAt.push(second);
  }
  expect(sentAt).toEqual([4, 8, 16, 32]);
  const found = await api.registry.find("shop.example.test");
  await api.registry.remove("shop.example.test", found?.generation ?? "");
  expect(api.objects.names).toEqual(["removed/shop.example.test.json"]);
});

test("has the certificate revoked that goes out of service, for a reason that RFC 5280 knows", async () => {
  await api.register("shop.example.test");
  const path = "/v1/domains/shop.example.test";
  expect(await api.call("DELETE", `${path}?revoke=boredom`)).toMatchObject({
    status: 400,
    body: { errors: [{ field: "revoke", value: '"boredom"' }] },
  });
  expect(await api.call("DELETE", `${path}?revoke=cessationOfOperation`)).toMatchObject({ status: 202 });
  expect((await api.registry.find("shop.example.test"))?.record).toMatchObject({
    lifecycle: "removing",
    revocation: "cessationOfOperation",
  });
});
