import { beforeEach, expect, test } from "@jest/globals";
import { ALICE, BOB, bearer, OPERATOR, TestApi } from "./testing/api.ts";

let api: TestApi;

beforeEach(() => {
  api = new TestApi();
});

test("a registration is answered with 202 with the resource, and sends one message with customer and trace", async () => {
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const response = await api.app.request("/v1/domains", {
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
    isRenewing: false,
    reason: null,
    dueAt: "2026-11-01T12:15:00.000Z",
    notBefore: null,
    orderNumber: 1,
    notAfter: null,
    ownership: null,
    retryAt: null,
    phases: [{ phase: "registered", at: "2026-11-01T12:00:00.000Z" }],
  });
  expect(api.validation).toEqual([
    {
      data: { domain: "shop.example.test", orderNumber: 1 },
      attributes: { customer: ALICE, traceparent: expect.stringMatching(`^00-${trace}-[0-9a-f]{16}-01$`) },
    },
  ]);
  expect(api.lines.map((line) => JSON.parse(line))).toContainEqual(
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

test("registering 50 times at once makes one registration, one message and 50 same answers", async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => api.register("shop.example.test")));
  expect(api.validation).toHaveLength(1);
  expect(api.objects.names).toEqual([
    "domains/shop.example.test.json",
    "orders/shop.example.test/1/registered.json",
  ]);
  expect(answers[0]).toMatchObject({ status: 202, body: { orderNumber: 1, state: "pending" } });
  const [first, ...others] = answers.map(({ status, body }) => ({ status, body }));
  for (const other of others) expect(other).toEqual(first);
});

test("normalises the name and says so", async () => {
  const { body, headers } = await api.register("Bücher.Example.TEST.");
  expect(body).toMatchObject({
    domain: "xn--bcher-kva.example.test",
    normalizedFrom: "Bücher.Example.TEST.",
  });
  expect(headers.get("location")).toBe("/v1/domains/xn--bcher-kva.example.test");
});

test("sends the message later that a crash before publishing kept back", async () => {
  api.failPublishing = true;
  const failed = await api.register("shop.example.test");
  expect(failed).toMatchObject({ status: 503, body: { code: "unavailable" } });
  expect(failed.headers.get("retry-after")).toBe("5");
  api.failPublishing = false;

  expect((await api.register("shop.example.test")).status).toBe(202);
  expect(api.validation).toHaveLength(0);
  api.now += 5_000;
  await api.register("shop.example.test");
  expect(api.validation).toMatchObject([{ data: { orderNumber: 1 } }]);
});

test("resumes an order whose message was lost on the way to the issuer", async () => {
  await api.register("shop.example.test");
  await api.journal("shop.example.test", 1, "validating");
  await api.journal("shop.example.test", 1, "validated");
  api.now += 16 * 60_000;
  await api.register("shop.example.test");
  expect(api.validation).toHaveLength(1);
  expect(api.issuing).toMatchObject([
    { data: { action: "issue", domain: "shop.example.test", orderNumber: 1 } },
  ]);
});

test("however often it is asked, sends a lost message again only each time that the silence has doubled", async () => {
  await api.register("shop.example.test");
  const sentAt: number[] = [];
  const poll = async (topic: readonly unknown[]) => {
    const before = topic.length;
    await Promise.all([api.register("shop.example.test"), api.register("shop.example.test")]);
    for (let sent = before; sent < topic.length; sent++) sentAt.push(api.now - start);
  };
  let start = api.now;
  for (; api.now < start + 40_000; api.now += 1_000) await poll(api.validation);
  expect(sentAt).toEqual([4_000, 8_000, 16_000, 32_000]);

  // Whatever is heard of the order begins another silence.
  await api.journal("shop.example.test", 1, "validating");
  await api.journal("shop.example.test", 1, "validated");
  start = api.now;
  sentAt.length = 0;
  for (; api.now < start + 70 * 60_000; api.now += 60_000) await poll(api.issuing);
  expect(sentAt).toEqual([15 * 60_000, 30 * 60_000, 60 * 60_000]);
});

test("starts a new order for a failed domain, for a customer not before its time", async () => {
  await api.register("shop.example.test");
  await api.change("shop.example.test", {
    lifecycle: "failed",
    reason: "The CA is busy.",
    retryAt: new Date(api.now + 60_000).toISOString(),
  });
  expect((await api.register("shop.example.test")).body).toMatchObject({
    state: "failed",
    reason: "The CA is busy.",
    orderNumber: 1,
    retryAt: "2026-11-01T12:01:00.000Z",
  });
  api.now += 60_001;
  expect((await api.register("shop.example.test")).body).toMatchObject({
    state: "pending",
    reason: null,
    retryAt: null,
    orderNumber: 2,
  });
  expect(api.validation.map(({ data }) => data)).toMatchObject([{ orderNumber: 1 }, { orderNumber: 2 }]);
});

test("lets an operator retry sooner, for the customer whose domain it is", async () => {
  await api.register("shop.example.test");
  await api.change("shop.example.test", {
    lifecycle: "failed",
    reason: "The CA is busy.",
    retryAt: new Date(api.now + 60_000).toISOString(),
  });
  expect((await api.register("shop.example.test", OPERATOR)).body).toMatchObject({ orderNumber: 2 });
  expect(api.validation.at(-1)?.attributes).toMatchObject({ customer: ALICE });
});

const failed = { lifecycle: "failed", reason: "It leads elsewhere." } as const;

test("lets another customer have a name whose registration failed and never passed validation", async () => {
  await api.register("shop.example.test", BOB);
  expect(await api.register("shop.example.test")).toMatchObject({ status: 409, body: { code: "taken" } });
  await api.change("shop.example.test", { ...failed, retryAt: new Date(api.now + 60_000).toISOString() });
  api.now += 1_000;
  expect(await api.register("shop.example.test")).toMatchObject({
    status: 202,
    body: { state: "pending", reason: null, retryAt: null, orderNumber: 2 },
  });
  expect((await api.registry.find("shop.example.test"))?.record).toMatchObject({
    customer: ALICE,
    registeredAt: "2026-11-01T12:00:01.000Z",
  });
  expect(api.validation.at(-1)).toMatchObject({ data: { orderNumber: 2 }, attributes: { customer: ALICE } });
  expect(api.lines.map((line) => JSON.parse(line))).toContainEqual(
    expect.objectContaining({
      audit: expect.objectContaining({ action: "domain.take-over", caller: ALICE, previousCustomer: BOB }),
    }),
  );
  expect(await api.register("shop.example.test", BOB)).toMatchObject({
    status: 409,
    body: { code: "taken" },
  });
});

test("of several who take over a failed name at once, one has it", async () => {
  await api.register("shop.example.test", BOB);
  await api.change("shop.example.test", failed);
  const others = [ALICE, "carol@customers.example", "dave@customers.example"];
  const answers = await Promise.all(others.map((email) => api.register("shop.example.test", email)));
  expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409]);
  expect(api.validation).toHaveLength(2);
});

test("keeps a failed name for a customer who has had a certificate, or passed validation in any order", async () => {
  await api.register("served.example.test", BOB);
  await api.change("served.example.test", { ...failed, notAfter: "2027-01-01T00:00:00Z" });
  await api.register("valid.example.test", BOB);
  await api.journal("valid.example.test", 1, "validated");
  await api.change("valid.example.test", { ...failed, orderNumber: 2 });
  for (const name of ["served.example.test", "valid.example.test"]) {
    expect(await api.register(name)).toMatchObject({ status: 409, body: { code: "taken" } });
    expect((await api.registry.find(name))?.record.customer).toBe(BOB);
  }
});

test.each(["platform.example", "API.Platform.Example.", "a.b.platform.example"])(
  "refuses %s, a name of the platform's own",
  async (name) => {
    expect(await api.register(name)).toMatchObject({
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
    expect(api.objects.names).toEqual([]);
  },
);

test.each(["Shop.Internal.", "printer.local", "1.0.0.127.in-addr.arpa"])(
  "refuses %s, a name that nobody can have a certificate for",
  async (name) => {
    expect(await api.register(name)).toMatchObject({
      status: 400,
      body: {
        detail: expect.stringMatching(
          /^domain: must not be in (internal|local|in-addr.arpa), which is reserved/,
        ),
      },
    });
    expect(api.objects.names).toEqual([]);
  },
);

test("takes a name that only ends like the platform's", async () => {
  expect(await api.register("notplatform.example")).toMatchObject({ status: 202 });
});

test("leaves an active domain alone", async () => {
  await api.register("shop.example.test");
  await api.journal("shop.example.test", 1, "active");
  api.now += 24 * 3_600_000;
  expect((await api.register("shop.example.test")).body).toMatchObject({ state: "active", orderNumber: 1 });
  expect(api.validation).toHaveLength(1);
});

test("goes on counting orders where a removed registration ended", async () => {
  await api.register("shop.example.test");
  await api.call("DELETE", "/v1/domains/shop.example.test");
  const found = await api.registry.find("shop.example.test");
  expect(await api.registry.remove("shop.example.test", found?.generation ?? "")).toBe("removed");
  expect((await api.call("GET", "/v1/domains/shop.example.test")).status).toBe(404);
  expect((await api.register("shop.example.test", BOB)).body).toMatchObject({ orderNumber: 2 });
});

test("over his share, a customer is told when to come again, while others register", async () => {
  api.limit({ registrationsPerHour: 10 });
  for (let index = 0; index < 20; index++) {
    expect((await api.register(`shop-${index}.example.test`)).status).toBe(202);
  }
  const refused = await api.register("shop-20.example.test");
  expect(refused).toMatchObject({ status: 429, body: { code: "over-share" } });
  expect(refused.body.detail).toMatch(/^Your share of registrations is spent; try again from 2026-11-01T12:/);
  const waitMs = Number(refused.headers.get("retry-after")) * 1_000;
  expect(await api.registry.find("shop-20.example.test")).toBeUndefined();
  expect((await api.register("shop-20.example.test", BOB)).status).toBe(202);

  api.now += waitMs;
  expect((await api.register("shop-21.example.test")).status).toBe(202);
  expect((await api.register("shop-22.example.test")).status).toBe(429);
});

test("what starts no order costs nothing of a share", async () => {
  api.limit({ registrationsPerHour: 2 });
  await api.register("bobs.example.test", BOB);
  for (let index = 0; index < 10; index++) {
    expect((await api.register("shop.example.test")).status).toBe(202);
    expect((await api.register("bobs.example.test")).status).toBe(409);
  }
  const answers = await Promise.all(Array.from({ length: 2 }, () => api.register("other.example.test")));
  expect(answers.map(({ status }) => status)).toEqual([202, 202]);
  expect((await api.register("third.example.test")).status).toBe(202);
  expect((await api.register("fourth.example.test")).status).toBe(202);
  expect((await api.register("fifth.example.test")).status).toBe(429);
});

test("a failed domain's next order costs the share of who starts it, which an operator does for nobody", async () => {
  api.limit({ registrationsPerHour: 1 });
  const failed = { lifecycle: "failed", reason: "It leads elsewhere." };
  await api.register("shop.example.test");
  await api.change("shop.example.test", failed);
  expect((await api.register("shop.example.test")).body).toMatchObject({ orderNumber: 2 });
  await api.change("shop.example.test", failed);
  expect((await api.register("shop.example.test")).status).toBe(429);
  expect((await api.register("shop.example.test", OPERATOR)).body).toMatchObject({ orderNumber: 3 });
});

test("counts a removed registration's backups as the customer's own where it was his", async () => {
  await api.register("shop.example.test");
  const again = async (email: string) => {
    await api.call("DELETE", "/v1/domains/shop.example.test", OPERATOR);
    const { generation = "" } = (await api.registry.find("shop.example.test")) ?? {};
    await api.registry.remove("shop.example.test", generation);
    await api.register("shop.example.test", email);
    return (await api.registry.find("shop.example.test"))?.record.firstOrderNumber;
  };
  expect(await again(ALICE)).toBeUndefined();
  expect(await again(BOB)).toBe(3);
  expect(await again(BOB)).toBe(3);
  expect((await api.registry.list({ pageSize: 1 })).records).toMatchObject([{ firstOrderNumber: 3 }]);
  expect(await again(ALICE)).toBe(5);
});
