import { beforeEach, expect, test } from "@jest/globals";
import { ALICE, BOB, bearer, OPERATOR, TestApi } from "./testing/api.ts";

let api: TestApi;

beforeEach(() => {
  api = new TestApi();
});

test.each<[string, Record<string, string>]>([
  ["no token", {}],
  ["another audience", { authorization: bearer(ALICE, { aud: "https://other.example" }) }],
  ["an unverified address", { authorization: bearer(ALICE, { email_verified: false }) }],
  ["not a JWT", { authorization: "Bearer x" }],
  // Cloud Run verifies this header alone where both are there.
  [
    "an unchecked second header",
    { "x-serverless-authorization": "Bearer x", authorization: bearer(OPERATOR) },
  ],
])("answers %s with 401", async (_title, headers) => {
  const response = await api.app.request("/v1/domains", { headers });
  expect(response.status).toBe(401);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
});

test("another customer's domain is absent, and taken when registered; an operator sees it", async () => {
  await api.register("shop.example.test");
  expect(await api.call("GET", "/v1/domains/shop.example.test", BOB)).toMatchObject({ status: 404 });
  expect(await api.call("DELETE", "/v1/domains/shop.example.test", BOB)).toMatchObject({ status: 404 });
  expect(await api.register("shop.example.test", BOB)).toMatchObject({
    status: 409,
    body: { code: "taken" },
  });
  expect(await api.call("GET", "/v1/domains/shop.example.test", OPERATOR)).toMatchObject({ status: 200 });
  expect(await api.call("DELETE", "/v1/domains/shop.example.test", OPERATOR)).toMatchObject({ status: 202 });
});
