import { beforeEach, expect, test } from "@jest/globals";
import { ObjectStoreError } from "../../google/object-store.ts";
import { TestApi } from "./testing/api.ts";

let api: TestApi;

beforeEach(() => {
  api = new TestApi();
});

test("a dependency that fails is a 503 to try again; anything else a 500 that says nothing", async () => {
  api.registry.find = async () => {
    throw new ObjectStoreError("read", "gs://bucket/secret-name", new Error("500"));
  };
  const unavailable = await api.call("GET", "/v1/domains/shop.example.test");
  expect(unavailable).toMatchObject({ status: 503, body: { code: "unavailable" } });
  api.registry.find = async () => {
    throw new TypeError("secret-name");
  };
  const internal = await api.call("GET", "/v1/domains/shop.example.test");
  expect(internal).toMatchObject({ status: 500, body: { code: "internal" } });
  expect(JSON.stringify([unavailable.body, internal.body])).not.toContain("secret-name");
  expect(api.lines.join("")).toContain("secret-name");
});

test("describes itself in OpenAPI 3.1, every answer with a schema", async () => {
  const response = await api.app.request("/openapi.json");
  const document = JSON.parse(await response.text());
  expect(document.openapi).toBe("3.1.0");
  expect(Object.keys(document.paths)).toEqual([
    "/v1/domains",
    "/v1/domains/{domain}",
    "/v1/accounts",
    "/v1/domains/{domain}/certificate",
    "/v1/domains/{domain}/certificate:restore",
    "/v1/domains/{domain}/certificate:renew",
    "/v1/domains/{domain}/certificate:adopt",
    "/v1/domains/{domain}/certificate:verify",
    "/v1/domains/{domain}/certificate:check",
  ]);
  const post = document.paths["/v1/domains"].post;
  expect(Object.keys(post.responses)).toEqual([
    "202",
    "400",
    "401",
    "403",
    "408",
    "409",
    "413",
    "415",
    "429",
    "503",
  ]);
  expect(post.requestBody.content["application/json"].schema.additionalProperties).toBe(false);
});
