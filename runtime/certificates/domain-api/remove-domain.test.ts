import { beforeEach, expect, test } from "@jest/globals";
import { TestApi } from "./test-api.ts";

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
