import { beforeEach, expect, test } from "@jest/globals";
import { ALICE, BOB, bearer, OPERATOR, TestApi, VIEWER } from "./testing/api.ts";

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

test("a viewer sees every customer's domains and changes none", async () => {
  await api.register("shop.example.test");
  expect(await api.call("GET", "/v1/domains/shop.example.test", VIEWER)).toMatchObject({ status: 200 });
  expect((await api.call("GET", "/v1/domains", VIEWER)).body.domains).toHaveLength(1);
  for (const [method, path] of [
    ["POST", "/v1/domains"],
    ["DELETE", "/v1/domains/shop.example.test"],
    ["POST", "/v1/domains/shop.example.test/certificate:restore"],
  ] as const) {
    const body = path === "/v1/domains" ? { domain: "own.example.test" } : undefined;
    expect(await api.call(method, path, VIEWER, body)).toMatchObject({
      status: 403,
      body: { code: "viewers-only-look" },
    });
  }
  expect((await api.registry.find("shop.example.test"))?.record.lifecycle).toBe("registered");
  expect(await api.registry.find("own.example.test")).toBeUndefined();
});
