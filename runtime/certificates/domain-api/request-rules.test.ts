import { beforeEach, expect, test } from "@jest/globals";
import { ALICE, bearer, TestApi } from "./test-api.ts";

let api: TestApi;

beforeEach(() => {
  api = new TestApi();
});

const post = (body: string, headers: Record<string, string> = { "content-type": "application/json" }) =>
  api.app.request("/v1/domains", {
    method: "POST",
    headers: { authorization: bearer(ALICE), ...headers },
    body,
  });

test.each([
  ["unknown field", '{"domain":"a.example.test","owner":"x"}', 400, "owner", "is not a known field"],
  ["wrong type", '{"domain":5}', 400, "domain", "must be a string"],
  ["missing field", "{}", 400, "domain", "must be a string"],
  ["not an object", "[]", 400, "body", "must be a JSON object"],
  ["a wildcard", '{"domain":"*.example.test"}', 400, "domain", "must not be a wildcard"],
])("%s", async (_title, body, status, field, rule) => {
  const response = await post(body);
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.json()).toMatchObject({ status, title: "Bad Request", errors: [{ field, rule }] });
  expect(api.objects.names).toEqual([]);
});

test.each<[string, string, Record<string, string>, number, string]>([
  ["not JSON by type", "domain=a.example.test", { "content-type": "text/plain" }, 415, "not-json"],
  ["not JSON by content", "{", { "content-type": "application/json" }, 400, "malformed-json"],
  [
    "over 8 KiB",
    `{"domain":"${"a".repeat(8_192)}"}`,
    { "content-type": "application/json" },
    413,
    "body-too-large",
  ],
])("%s", async (_title, body, headers, status, code) => {
  const response = await post(body, headers);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect({ status: response.status, body: await response.json() }).toMatchObject({
    status,
    body: { status, code },
  });
});

test.each([
  ["PUT", "/v1/domains", 405, "GET, POST"],
  ["PATCH", "/v1/domains/a.example.test", 405, "GET, DELETE"],
  ["GET", "/v1/domains/a.example.test/certificate:restore", 405, "POST"],
  ["GET", "/v2/domains", 404, null],
  ["GET", "/v1/domains/a.example.test/keys", 404, null],
])("%s %s: %d", async (method, path, status, allow) => {
  const answer = await api.call(method, path);
  expect(answer).toMatchObject({ status, body: { status } });
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer.headers.get("allow")).toBe(allow);
});
