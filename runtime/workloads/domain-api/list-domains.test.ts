import { beforeEach, expect, test } from "@jest/globals";
import fc from "fast-check";
import { GoogleApiError } from "../../google/google-api.ts";
import { ObjectStoreError } from "../../google/object-store.ts";
import { ALICE, BOB, OPERATOR, TestApi, VIEWER } from "./testing/api.ts";

let api: TestApi;

beforeEach(() => {
  api = new TestApi();
});

test("a listing shows a customer its own, page by page, and an operator all", async () => {
  for (const name of ["a", "b", "c", "d", "e"])
    await api.register(`${name}.example.test`, name === "c" ? BOB : ALICE);
  await api.journal("a.example.test", 1, "validating");
  const names: string[] = [];
  let token: string | null = null;
  do {
    const query: string = token === null ? "" : `&pageToken=${token}`;
    const { body } = await api.call("GET", `/v1/domains?pageSize=2${query}`);
    names.push(
      ...body.domains.map((domain: { domain: string; state: string }) => `${domain.domain} ${domain.state}`),
    );
    token = body.nextPageToken;
  } while (token !== null);
  expect(names).toEqual([
    "a.example.test validating",
    "b.example.test pending",
    "d.example.test pending",
    "e.example.test pending",
  ]);
  expect((await api.call("GET", "/v1/domains", OPERATOR)).body.domains).toHaveLength(5);
});

test("a listing shows a live certificate's domain as active, also where the record says that its order failed", async () => {
  await api.register("shop.example.test");
  await api.journal("shop.example.test", 1, "active", { notAfter: "2027-01-30T00:00:00.000Z" });
  await api.change("shop.example.test", { lifecycle: "failed", reason: "It leads elsewhere." });
  const {
    phases: _,
    ownership: _none,
    ...alone
  } = (await api.call("GET", "/v1/domains/shop.example.test")).body;
  expect(alone).toMatchObject({ state: "active" });
  expect((await api.call("GET", "/v1/domains")).body.domains).toEqual([alone]);
});

test.each([
  ["?pageSize=0", 'pageSize: must be a whole number from 1 to 1000; got "0".'],
  ["?pageSize=101", 'pageSize: must be a whole number from 1 to 100; got "101".'],
  ["?pageSize=1001", 'pageSize: must be a whole number from 1 to 1000; got "1001".'],
  ["?pageSize=1e2", 'pageSize: must be a whole number from 1 to 1000; got "1e2".'],
  ["?pageToken=x", 'pageToken: must be one that an earlier page gave; got "x".'],
  ["?pagesize=5", 'pagesize: is not a known field; got "5".'],
])("refuses to list %s", async (query, detail) => {
  expect(await api.call("GET", `/v1/domains${query}`)).toMatchObject({
    status: 400,
    body: { code: "invalid-argument", detail },
  });
});

const tokenRefused = {
  status: 400,
  body: { errors: [{ field: "pageToken", rule: "must be one that an earlier page gave" }] },
};

test("a page token shows nothing of the next name, and no two of them are alike", async () => {
  for (const name of ["a", "b-of-bob", "c"])
    await api.register(`${name}.example.test`, name === "b-of-bob" ? BOB : ALICE);
  const tokens = new Set<string>();
  for (let round = 0; round < 3; round++) {
    const { body } = await api.call("GET", "/v1/domains?pageSize=1");
    tokens.add(body.nextPageToken);
    expect(Buffer.from(body.nextPageToken, "base64url").toString("latin1")).not.toMatch(
      /example|bob|domains|page/,
    );
  }
  expect(tokens.size).toBe(3);
});

test("a page token is of use to nobody but the caller who got it, whole, and with any page size", async () => {
  for (const name of ["a", "b", "c", "d"]) await api.register(`${name}.example.test`);
  const { body } = await api.call("GET", "/v1/domains?pageSize=1");
  const token: string = body.nextPageToken;
  const ask = (email: string, text: string) =>
    api.call("GET", `/v1/domains?pageSize=2&pageToken=${text}`, email);
  for (const other of [BOB, OPERATOR, VIEWER]) expect(await ask(other, token)).toMatchObject(tokenRefused);
  await fc.assert(
    fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(..."AaZz09-_"), async (at, character) => {
      const altered = token.slice(0, at) + character + token.slice(at + 1);
      if (altered !== token) expect(await ask(ALICE, altered)).toMatchObject(tokenRefused);
    }),
  );
  for (const other of [token.slice(0, -1), `${token}!`]) {
    expect(await ask(ALICE, other)).toMatchObject(tokenRefused);
  }
  expect((await ask(ALICE, token)).body.domains).toMatchObject([
    { domain: "b.example.test" },
    { domain: "c.example.test" },
  ]);
});

test("refuses a token that Storage does not know any more, and takes its other refusals for outages", async () => {
  const list = api.objects.list.bind(api.objects);
  api.objects.list = async (options) => {
    // As Storage does with a token that it did not give.
    const status = options.pageToken === "old" ? 400 : options.pageToken === "busy" ? 503 : undefined;
    if (status === undefined) return list(options);
    throw new ObjectStoreError("list", "gs://registry/domains/*", new GoogleApiError(status, "no"));
  };
  const asked = async (page: string) => {
    const token = Buffer.from(JSON.stringify({ page })).toString("base64url");
    return api.call("GET", `/v1/domains?pageToken=${await api.pageTokens.seal(ALICE, token)}`);
  };
  expect(await asked("old")).toMatchObject(tokenRefused);
  expect(await asked("busy")).toMatchObject({ status: 503, body: { code: "unavailable" } });
});

test("who sees every customer's domains gets up to 1,000 a page", async () => {
  for (const email of [OPERATOR, VIEWER]) {
    expect((await api.call("GET", "/v1/domains?pageSize=1000", email)).status).toBe(200);
  }
});
