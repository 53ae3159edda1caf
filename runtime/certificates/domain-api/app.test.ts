import { beforeEach, describe, expect, test } from "@jest/globals";
import type { Hono } from "hono";
import { createLogger } from "../../service/logger.ts";
import { MemoryObjectStore } from "../../service/memory-object-store.ts";
import { ObjectStoreError } from "../../service/object-store.ts";
import { PublishFailed } from "../../service/publisher.ts";
import { openRegistry } from "../registry/bucket-registry.ts";
import type { Phase } from "../registry/lifecycle.ts";
import type { Registry } from "../registry/registry.ts";
import { createDomainApi } from "./app.ts";

const AUDIENCE = "https://api.example.test";
const ALICE = "alice@customers.example";
const BOB = "bob@customers.example";
const OPERATOR = "operator@platform.example";

interface Sent {
  readonly data: unknown;
  readonly attributes: Readonly<Record<string, string>>;
}

let objects: MemoryObjectStore;
let registry: Registry;
let validation: Sent[];
let issuing: Sent[];
let lines: string[];
let now: number;
let failPublishing: boolean;
let app: Pick<Hono, "request">;

beforeEach(() => {
  objects = new MemoryObjectStore();
  registry = openRegistry(objects);
  validation = [];
  issuing = [];
  lines = [];
  now = Date.parse("2026-11-01T12:00:00.000Z");
  failPublishing = false;
  const topic = (sent: Sent[]) => ({
    publish: async (data: unknown, attributes: Readonly<Record<string, string>>) => {
      if (failPublishing) throw new PublishFailed("projects/p/topics/t", new Error("unavailable"));
      sent.push({ data, attributes });
    },
  });
  app = createDomainApi({
    registry,
    validation: topic(validation),
    issuing: topic(issuing),
    audience: AUDIENCE,
    operators: [OPERATOR],
    reservedZone: "platform.example",
    now: () => new Date(now),
    logger: createLogger({ K_SERVICE: "api", K_REVISION: "api-1" }, { write: (line) => lines.push(line) }),
  });
});

function bearer(email: string, claims: object = {}): string {
  const payload = { aud: AUDIENCE, email, email_verified: true, ...claims };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `Bearer ${part({ alg: "RS256" })}.${part(payload)}.SIGNATURE_REMOVED_BY_GOOGLE`;
}

async function call(method: string, path: string, email = ALICE, body?: unknown) {
  const response = await app.request(path, {
    method,
    headers: {
      authorization: bearer(email),
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}

const register = (domain: string, email = ALICE) => call("POST", "/v1/domains", email, { domain });

async function journal(
  domain: string,
  orderNumber: number,
  phase: Phase,
  detail: Record<string, string> = {},
) {
  await registry.append(domain, orderNumber, { phase, at: new Date(now).toISOString(), detail });
}

async function change(domain: string, fields: object) {
  const found = await registry.find(domain);
  if (found === undefined) throw new Error(`${domain} is not registered`);
  await registry.update({ ...found.record, ...fields }, found.generation);
}

describe("registering", () => {
  test("answers 202 with the resource, and sends one message with customer and trace", async () => {
    const trace = "0af7651916cd43dd8448eb211c80319c";
    const response = await app.request("/v1/domains", {
      method: "POST",
      headers: {
        authorization: bearer(ALICE),
        "content-type": "application/json; charset=UTF-8",
        traceparent: `00-${trace}-b7ad6b7169203331-01`,
      },
      body: '{"domain":"shop.example.test"}',
    });
    expect(response.status).toBe(202);
    expect(response.headers.get("location")).toBe("/v1/domains/shop.example.test");
    expect(await response.json()).toEqual({
      domain: "shop.example.test",
      state: "pending",
      reason: null,
      orderNumber: 1,
      notAfter: null,
      retryAt: null,
      phases: [{ phase: "registered", at: "2026-11-01T12:00:00.000Z" }],
    });
    expect(validation).toEqual([
      {
        data: { domain: "shop.example.test", orderNumber: 1 },
        attributes: { customer: ALICE, traceparent: expect.stringMatching(`^00-${trace}-[0-9a-f]{16}-01$`) },
      },
    ]);
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({
        audit: expect.objectContaining({
          action: "domain.register",
          caller: ALICE,
          domain: "shop.example.test",
        }),
        "logging.googleapis.com/trace": trace,
      }),
    );
  });

  test("50 times at once makes one registration, one message and 50 same answers", async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => register("shop.example.test")));
    expect(validation).toHaveLength(1);
    expect(objects.names).toEqual([
      "domains/shop.example.test.json",
      "orders/shop.example.test/1/registered.json",
    ]);
    expect(answers[0]).toMatchObject({ status: 202, body: { orderNumber: 1, state: "pending" } });
    const [first, ...others] = answers.map(({ status, body }) => ({ status, body }));
    for (const other of others) expect(other).toEqual(first);
  });

  test("normalises the name and says so", async () => {
    const { body, headers } = await register("Bücher.Example.TEST.");
    expect(body).toMatchObject({
      domain: "xn--bcher-kva.example.test",
      normalizedFrom: "Bücher.Example.TEST.",
    });
    expect(headers.get("location")).toBe("/v1/domains/xn--bcher-kva.example.test");
  });

  test("sends the message later that a crash before publishing kept back", async () => {
    failPublishing = true;
    const failed = await register("shop.example.test");
    expect(failed).toMatchObject({ status: 503, body: { code: "unavailable" } });
    expect(failed.headers.get("retry-after")).toBe("5");
    failPublishing = false;

    expect((await register("shop.example.test")).status).toBe(202);
    expect(validation).toHaveLength(0);
    now += 5_000;
    await register("shop.example.test");
    expect(validation).toMatchObject([{ data: { orderNumber: 1 } }]);
  });

  test("resumes an order whose message was lost on the way to the issuer", async () => {
    await register("shop.example.test");
    await journal("shop.example.test", 1, "validating");
    await journal("shop.example.test", 1, "validated");
    now += 16 * 60_000;
    await register("shop.example.test");
    expect(validation).toHaveLength(1);
    expect(issuing).toMatchObject([
      { data: { action: "issue", domain: "shop.example.test", orderNumber: 1 } },
    ]);
  });

  test("starts a new order for a failed domain, for a customer not before its time", async () => {
    await register("shop.example.test");
    await change("shop.example.test", {
      lifecycle: "failed",
      reason: "The CA is busy.",
      retryAt: new Date(now + 60_000).toISOString(),
    });
    expect((await register("shop.example.test")).body).toMatchObject({
      state: "failed",
      reason: "The CA is busy.",
      orderNumber: 1,
      retryAt: "2026-11-01T12:01:00.000Z",
    });
    now += 60_001;
    expect((await register("shop.example.test")).body).toMatchObject({
      state: "pending",
      reason: null,
      retryAt: null,
      orderNumber: 2,
    });
    expect(validation.map(({ data }) => data)).toMatchObject([{ orderNumber: 1 }, { orderNumber: 2 }]);
  });

  test("lets an operator retry sooner, for the customer whose domain it is", async () => {
    await register("shop.example.test");
    await change("shop.example.test", {
      lifecycle: "failed",
      reason: "The CA is busy.",
      retryAt: new Date(now + 60_000).toISOString(),
    });
    expect((await register("shop.example.test", OPERATOR)).body).toMatchObject({ orderNumber: 2 });
    expect(validation.at(-1)?.attributes).toMatchObject({ customer: ALICE });
  });

  test.each(["platform.example", "API.Platform.Example.", "a.b.platform.example"])(
    "refuses %s, a name of the platform's own",
    async (name) => {
      expect(await register(name)).toMatchObject({
        status: 400,
        body: {
          errors: [
            {
              field: "domain",
              rule: "must not be in platform.example, which belongs to the platform itself",
            },
          ],
        },
      });
      expect(objects.names).toEqual([]);
    },
  );

  test("takes a name that only ends like the platform's", async () => {
    expect(await register("notplatform.example")).toMatchObject({ status: 202 });
  });

  test("leaves an active domain alone", async () => {
    await register("shop.example.test");
    await journal("shop.example.test", 1, "active");
    now += 24 * 3_600_000;
    expect((await register("shop.example.test")).body).toMatchObject({ state: "active", orderNumber: 1 });
    expect(validation).toHaveLength(1);
  });

  test("goes on counting orders where a removed registration ended", async () => {
    await register("shop.example.test");
    await call("DELETE", "/v1/domains/shop.example.test");
    const found = await registry.find("shop.example.test");
    expect(await registry.remove("shop.example.test", found?.generation ?? "")).toBe("removed");
    expect((await call("GET", "/v1/domains/shop.example.test")).status).toBe(404);
    expect((await register("shop.example.test", BOB)).body).toMatchObject({ orderNumber: 2 });
  });
});

describe("bad requests are refused with the rule and the field", () => {
  const post = (body: string, headers: Record<string, string> = { "content-type": "application/json" }) =>
    app.request("/v1/domains", {
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
    expect(objects.names).toEqual([]);
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
    const answer = await call(method, path);
    expect(answer).toMatchObject({ status, body: { status } });
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.headers.get("allow")).toBe(allow);
  });

  test.each(["?pageSize=0", "?pageSize=101", "?pageSize=1e2", "?pageToken=x", "?pagesize=5"])(
    "list %s",
    async (query) => {
      expect(await call("GET", `/v1/domains${query}`)).toMatchObject({
        status: 400,
        body: { code: "invalid-argument" },
      });
    },
  );
});

describe("identity", () => {
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
  ])("%s: 401", async (_title, headers) => {
    const response = await app.request("/v1/domains", { headers });
    expect(response.status).toBe(401);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  });

  test("another customer's domain is absent, and taken when registered; an operator sees it", async () => {
    await register("shop.example.test");
    expect(await call("GET", "/v1/domains/shop.example.test", BOB)).toMatchObject({ status: 404 });
    expect(await call("DELETE", "/v1/domains/shop.example.test", BOB)).toMatchObject({ status: 404 });
    expect(await register("shop.example.test", BOB)).toMatchObject({ status: 409, body: { code: "taken" } });
    expect(await call("GET", "/v1/domains/shop.example.test", OPERATOR)).toMatchObject({ status: 200 });
    expect(await call("DELETE", "/v1/domains/shop.example.test", OPERATOR)).toMatchObject({ status: 202 });
  });

  test("a listing shows a customer its own, page by page, and an operator all", async () => {
    for (const name of ["a", "b", "c", "d", "e"])
      await register(`${name}.example.test`, name === "c" ? BOB : ALICE);
    await journal("a.example.test", 1, "validating");
    const names: string[] = [];
    let token: string | null = null;
    do {
      const query: string = token === null ? "" : `&pageToken=${token}`;
      const { body } = await call("GET", `/v1/domains?pageSize=2${query}`);
      names.push(
        ...body.domains.map(
          (domain: { domain: string; state: string }) => `${domain.domain} ${domain.state}`,
        ),
      );
      token = body.nextPageToken;
    } while (token !== null);
    expect(names).toEqual([
      "a.example.test validating",
      "b.example.test pending",
      "d.example.test pending",
      "e.example.test pending",
    ]);
    expect((await call("GET", "/v1/domains", OPERATOR)).body.domains).toHaveLength(5);
  });
});

describe("removing", () => {
  test("is asked of the issuer once, again only when its message seems lost", async () => {
    await register("shop.example.test");
    const remove = () => call("DELETE", "/v1/domains/shop.example.test");
    expect(await remove()).toMatchObject({ status: 202, body: { state: "removing" } });
    expect(await remove()).toMatchObject({ status: 202, body: { state: "removing" } });
    expect(issuing).toMatchObject([
      { data: { action: "remove", domain: "shop.example.test", orderNumber: 1 } },
    ]);
    expect(await register("shop.example.test")).toMatchObject({ status: 409, body: { code: "removing" } });
    now += 5_000;
    await remove();
    expect(issuing).toHaveLength(2);
  });
});

describe("certificates", () => {
  test("shows what the journal says, also while a newer order has none yet", async () => {
    await register("shop.example.test");
    expect(await call("GET", "/v1/domains/shop.example.test/certificate")).toMatchObject({ status: 404 });
    await journal("shop.example.test", 1, "issued", {
      serial: "0a1b",
      issuer: "CN=Test",
      notAfter: "2027-01-30T00:00:00Z",
    });
    await journal("shop.example.test", 1, "backed-up", { version: "000001" });
    await change("shop.example.test", { orderNumber: 2 });
    expect((await call("GET", "/v1/domains/shop.example.test/certificate")).body).toEqual({
      domain: "shop.example.test",
      orderNumber: 1,
      version: "000001",
      serial: "0a1b",
      issuer: "CN=Test",
      notAfter: "2027-01-30T00:00:00Z",
    });
  });

  test("restores an active domain's, and no other's", async () => {
    const restore = () => call("POST", "/v1/domains/shop.example.test/certificate:restore");
    expect(await restore()).toMatchObject({ status: 404 });
    await register("shop.example.test");
    expect(await restore()).toMatchObject({ status: 409, body: { code: "in-progress" } });
    await journal("shop.example.test", 1, "backed-up", { version: "000001" });
    await journal("shop.example.test", 1, "active");
    expect(await restore()).toMatchObject({ status: 202, body: { state: "active" } });
    expect(issuing).toMatchObject([{ data: { action: "restore", domain: "shop.example.test" } }]);
  });
});

test("a dependency that fails is a 503 to try again; anything else a 500 that says nothing", async () => {
  registry.find = async () => {
    throw new ObjectStoreError("read", "gs://bucket/secret-name", new Error("500"));
  };
  const unavailable = await call("GET", "/v1/domains/shop.example.test");
  expect(unavailable).toMatchObject({ status: 503, body: { code: "unavailable" } });
  registry.find = async () => {
    throw new TypeError("secret-name");
  };
  const internal = await call("GET", "/v1/domains/shop.example.test");
  expect(internal).toMatchObject({ status: 500, body: { code: "internal" } });
  expect(JSON.stringify([unavailable.body, internal.body])).not.toContain("secret-name");
  expect(lines.join("")).toContain("secret-name");
});

test("describes itself in OpenAPI 3.1, every answer with a schema", async () => {
  const response = await app.request("/openapi.json");
  const document = JSON.parse(await response.text());
  expect(document.openapi).toBe("3.1.0");
  expect(Object.keys(document.paths)).toEqual([
    "/v1/domains",
    "/v1/domains/{domain}",
    "/v1/domains/{domain}/certificate",
    "/v1/domains/{domain}/certificate:restore",
  ]);
  const post = document.paths["/v1/domains"].post;
  expect(Object.keys(post.responses)).toEqual(["202", "400", "401", "409", "413", "415", "503"]);
  expect(post.requestBody.content["application/json"].schema.additionalProperties).toBe(false);
});
