import { beforeEach, expect, test } from "@jest/globals";
import { ALICE, BOB, OPERATOR, TestApi } from "./testing/api.ts";

const NAME = "shop.example.test";
const CHALLENGE = `_platform-challenge.${NAME}`;
const RIVALS = [BOB, "carol@customers.example", "dave@customers.example", "erin@customers.example"];

let api: TestApi;

beforeEach(() => {
  api = new TestApi("txt");
});

const proofOf = async (customer: string, from = api) =>
  (await from.ownership.proof(NAME, customer))?.value ?? "";
const holder = async () => (await api.registry.find(NAME))?.record;

test("whoever registers a name is told which record shows that it is his, also later", async () => {
  const ownership = { method: "txt", name: CHALLENGE, value: await proofOf(ALICE) };
  expect(ownership.value).toMatch(/^[0-9a-f]{32}$/);
  expect((await api.register(NAME)).body).toMatchObject({ state: "pending", ownership });
  expect((await api.call("GET", `/v1/domains/${NAME}`)).body).toMatchObject({ ownership });
  expect((await api.call("GET", `/v1/domains/${NAME}`, OPERATOR)).body).toMatchObject({ ownership });
});

test("a rival without proof is told how to prove it, and nothing of the holder", async () => {
  await api.register(NAME);
  const { status, body } = await api.register(NAME, BOB);
  expect({ status, ...body }).toMatchObject({
    status: 409,
    code: "unproven",
    detail:
      `"${NAME}" is registered, and nothing in the DNS shows that it is yours: ` +
      `add the record ${CHALLENGE} TXT "${await proofOf(BOB)}", then register it again.`,
  });
  expect(JSON.stringify(body)).not.toContain(await proofOf(ALICE));
  expect(JSON.stringify(body)).not.toContain("alice");
});

test("four clients who register a name again and again can't keep its owner out", async () => {
  await Promise.all(RIVALS.map((rival) => api.register(NAME, rival)));
  for (let round = 1; round <= 20; round++) {
    api.now += 1_000;
    await Promise.all(RIVALS.map((rival) => api.register(NAME, rival)));
    if (round === 10) api.dns[CHALLENGE] = [await proofOf(ALICE)];
    const [answer] = await Promise.all([
      api.register(NAME),
      ...RIVALS.map((rival) => api.register(NAME, rival)),
    ]);
    expect(answer.status).toBe(round < 10 ? 409 : 202);
  }
  expect(await holder()).toMatchObject({ customer: ALICE, lifecycle: "registered", orderNumber: 2 });
});

test.each([
  ["registered", {}],
  ["active", { notAfter: "2027-01-01T00:00:00Z", notBefore: "2026-10-01T00:00:00Z", version: "00000001" }],
  ["renewing", { notAfter: "2027-01-01T00:00:00Z", certificateId: "a.b", ca: "lets-encrypt" }],
  ["failed", { reason: "It leads elsewhere." }],
  ["paused", { reason: "It leads elsewhere.", notAfter: "2026-10-01T00:00:00Z" }],
] as const)(
  "a rival with proof takes over a name whose holder shows none, while it is %s",
  async (lifecycle, fields) => {
    await api.register(NAME, BOB);
    await api.change(NAME, { lifecycle, ...fields });
    api.dns[CHALLENGE] = ["v=spf1 -all", await proofOf(ALICE)];
    expect(await api.register(NAME)).toMatchObject({
      status: 202,
      body: { state: "pending", orderNumber: 2 },
    });

    // Nothing of the holder's goes with it.
    expect(await holder()).toEqual({
      domain: NAME,
      customer: ALICE,
      lifecycle: "registered",
      orderNumber: 2,
      firstOrderNumber: 2,
      dueAt: expect.any(String),
      registeredAt: "2026-11-01T12:00:00.000Z",
      updatedAt: "2026-11-01T12:00:00.000Z",
    });
    expect(api.validation.at(-1)).toMatchObject({
      data: { orderNumber: 2 },
      attributes: { customer: ALICE },
    });
    expect(api.lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({
        audit: expect.objectContaining({ action: "domain.take-over", caller: ALICE, previousCustomer: BOB }),
      }),
    );
    expect(await api.alerts.open(NAME)).toMatchObject([{ problem: "taken-over" }]);
    expect(api.events.events).toMatchObject([
      { type: "takenover", domain: NAME, customer: ALICE, orderNumber: 2 },
    ]);
    expect(await api.register(NAME, BOB)).toMatchObject({ status: 409, body: { code: "unproven" } });
    expect(await api.call("GET", `/v1/domains/${NAME}`, BOB)).toMatchObject({ status: 404 });
  },
);

test("a take-over that nobody could be told of has not happened, and does when it is asked for again", async () => {
  await api.register(NAME, BOB);
  api.dns[CHALLENGE] = [await proofOf(ALICE)];
  api.events.failures = 1;
  expect((await api.register(NAME)).status).toBeGreaterThanOrEqual(500);
  expect(await holder()).toMatchObject({ customer: BOB });
  expect((await api.register(NAME)).status).toBe(202);
  expect(await holder()).toMatchObject({ customer: ALICE });
  expect(api.events.types).toEqual(["takenover"]);
});

test("where both show it to be theirs, its holder keeps it", async () => {
  await api.register(NAME, BOB);
  api.dns[CHALLENGE] = [await proofOf(ALICE), await proofOf(BOB)];
  expect(await api.register(NAME)).toMatchObject({
    status: 409,
    body: { code: "taken", detail: expect.stringContaining(`whose record is at ${CHALLENGE} beside yours`) },
  });
  expect(await holder()).toMatchObject({ customer: BOB });
  expect(await api.alerts.open(NAME)).toEqual([]);
});

test("another's text and one for another platform prove nothing", async () => {
  await api.register(NAME, BOB);
  const others = await new TestApi("txt").ownership.proof(NAME, ALICE);
  for (const text of [others?.value ?? "", `${await proofOf(ALICE)} `, (await proofOf(ALICE)).slice(0, -1)]) {
    api.dns[CHALLENGE] = [text];
    expect(await api.register(NAME)).toMatchObject({ status: 409, body: { code: "unproven" } });
  }
});

test("by an alias: the name leads to the customer's own name in the edge's", async () => {
  api = new TestApi("cname");
  await api.register(NAME, BOB);
  const { body } = await api.register(NAME);
  const target = `${(await proofOf(ALICE)).split(".")[0]}.edge.platform.example`;
  expect(body.detail).toContain(`add the record ${NAME} CNAME ${target}, then`);
  api.dns[NAME] = [target];
  expect(await api.register(NAME)).toMatchObject({
    status: 202,
    body: { ownership: { method: "cname", name: NAME, value: target } },
  });
});

test("while DNS servers fail nobody takes anything over, and is told to try again", async () => {
  await api.register(NAME, BOB);
  api.dns[CHALLENGE] = { kind: "trouble", what: "SERVFAIL" };
  const answer = await api.register(NAME);
  expect(answer).toMatchObject({ status: 503, body: { code: "dns-trouble" } });
  expect(answer.headers.get("retry-after")).toBe("5");
});

test("a name that is being removed is waited for, also with proof", async () => {
  await api.register(NAME, BOB);
  await api.call("DELETE", `/v1/domains/${NAME}`, BOB);
  api.dns[CHALLENGE] = [await proofOf(ALICE)];
  expect(await api.register(NAME)).toMatchObject({ status: 409, body: { code: "removing" } });
  expect(await api.alerts.open(NAME)).toEqual([]);
});

test("shows the new customer no certificate of the former one's", async () => {
  await api.register(NAME, BOB);
  await api.journal(NAME, 1, "issued", { serial: "0a1b" });
  await api.journal(NAME, 1, "backed-up", { version: "00000001" });
  expect(await api.call("GET", `/v1/domains/${NAME}/certificate`, BOB)).toMatchObject({ status: 200 });
  api.dns[CHALLENGE] = [await proofOf(ALICE)];
  await api.register(NAME);
  expect(await api.call("GET", `/v1/domains/${NAME}/certificate`)).toMatchObject({ status: 404 });
});
