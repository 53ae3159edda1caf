import { beforeEach, expect, test } from "@jest/globals";
import { GoogleApiError } from "../../google/google-api.ts";
import { ObjectStoreError } from "../../google/object-store.ts";
import { ALICE, BOB, OPERATOR, TestApi } from "./testing/api.ts";

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
  const { phases: _, ...alone } = (await api.call("GET", "/v1/domains/shop.example.test")).body;
  expect(alone).toMatchObject({ state: "active" });
  expect((await api.call("GET", "/v1/domains")).body.domains).toEqual([alone]);
});

test.each([
  ["?pageSize=0", 'pageSize: must be a whole number from 1 to 100; got "0".'],
  ["?pageSize=101", 'pageSize: must be a whole number from 1 to 100; got "101".'],
  ["?pageSize=1e2", 'pageSize: must be a whole number from 1 to 100; got "1e2".'],
  ["?pageToken=x", 'pageToken: must be one that an earlier page gave; got "x".'],
  ["?pagesize=5", 'pagesize: is not a known field; got "5".'],
])("refuses to list %s", async (query, detail) => {
  expect(await api.call("GET", `/v1/domains${query}`)).toMatchObject({
    status: 400,
    body: { code: "invalid-argument", detail },
  });
});

test("refuses a token that only looks like one of ours, and takes Storage's other refusals for outages", async () => {
  const list = api.objects.list.bind(api.objects);
  api.objects.list = async (options) => {
    // As Storage does with a token that it did not give.
    const status = options.pageToken === "made up" ? 400 : options.pageToken === "busy" ? 503 : undefined;
    if (status === undefined) return list(options);
    throw new ObjectStoreError("list", "gs://registry/domains/*", new GoogleApiError(status, "no"));
  };
  const asked = (page: string) => {
    const token = Buffer.from(JSON.stringify({ page })).toString("base64url");
    return api.call("GET", `/v1/domains?pageToken=${token}`);
  };
  expect(await asked("made up")).toMatchObject({
    status: 400,
    body: { errors: [{ field: "pageToken", rule: "must be one that an earlier page gave" }] },
  });
  expect(await asked("busy")).toMatchObject({ status: 503, body: { code: "unavailable" } });
});
