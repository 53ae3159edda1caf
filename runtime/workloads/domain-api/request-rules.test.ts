import { beforeEach, expect, test } from "@jest/globals";
import { ALICE, bearer, TestApi } from "./testing/api.ts";

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
  ["an unknown field", '{"domain":"a.example.test","owner":"x"}', "owner", "is not a known field", '"x"'],
  ["an unknown __proto__", '{"domain":"a.test","__proto__":{}}', "__proto__", "is not a known field", "{}"],
  ["a wrong type", '{"domain":5}', "domain", "must be a string", "5"],
  ["a missing field", "{}", "domain", "must be a string", "nothing"],
  ["what is no object", "[]", "body", "must be a JSON object", "[]"],
  ["a wildcard", '{"domain":"*.example.test"}', "domain", "must not be a wildcard", '"*.example.test"'],
  [
    "control characters, which it shows escaped",
    '{"domain":"a\\u0000\\u001b\\u009b\\u202e.test"}',
    "domain",
    "must not hold spaces or control characters",
    '"a\\u0000\\u001b\\u009b\\u202e.test"',
  ],
  [
    "a long name, which it cuts",
    `{"domain":"${"a".repeat(300)}.test"}`,
    "domain",
    "must have labels of 63 characters or less",
    `"${"a".repeat(60)}…"`,
  ],
])("refuses %s by field, rule and value", async (_title, body, field, rule, value) => {
  const response = await post(body);
  expect(response.status).toBe(400);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.json()).toEqual({
    type: "about:blank",
    title: "Bad Request",
    status: 400,
    code: "invalid-argument",
    detail: `${field}: ${rule}; got ${value}.`,
    errors: [{ field, rule, value }],
  });
  expect(api.objects.names).toEqual([]);
});

test.each<[string, string, Record<string, string>, number, string, string]>([
  [
    "what is not JSON by its type",
    "domain=a.example.test",
    { "content-type": "text/plain" },
    415,
    "not-json",
    'The body must be application/json in UTF-8; got "text/plain".',
  ],
  [
    "what is not JSON by its content",
    '{"a\n',
    { "content-type": "application/json" },
    400,
    "malformed-json",
    'The body must be valid JSON; got "{\\"a\\n".',
  ],
  [
    "what is over 8 KiB",
    `{"domain":"${"a".repeat(8_192)}"}`,
    { "content-type": "application/json" },
    413,
    "body-too-large",
    "The body must be 8192 bytes or less.",
  ],
])("refuses %s", async (_title, body, headers, status, code, detail) => {
  const response = await post(body, headers);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect({ status: response.status, body: await response.json() }).toMatchObject({
    status,
    body: { status, code, detail },
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
