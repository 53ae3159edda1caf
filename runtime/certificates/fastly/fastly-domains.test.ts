import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { TestFastly } from "../testing/fastly.ts";
import { type FastlyDomains, openFastlyDomains } from "./fastly-domains.ts";

let fastly: TestFastly;
let domains: FastlyDomains;

beforeEach(async () => {
  fastly = new TestFastly();
  const endpoint = await fastly.start();
  domains = openFastlyDomains({ endpoint, token: TestFastly.token, serviceId: "service" });
});

afterEach(() => fastly.stop());

test("links a domain once, and says whether it did", async () => {
  expect(await domains.link("shop.example.test")).toEqual({ kind: "linked", created: true });
  expect(await domains.link("shop.example.test")).toEqual({ kind: "linked", created: false });
  expect(fastly.domains).toMatchObject([{ fqdn: "shop.example.test", service_id: "service" }]);
});

test("takes a name that only resembles another for what it is", async () => {
  await domains.link("my.shop.example.test");
  expect(await domains.link("shop.example.test")).toEqual({ kind: "linked", created: true });
  await domains.unlink("shop.example.test");
  expect(fastly.domains.map(({ fqdn }) => fqdn)).toEqual(["my.shop.example.test"]);
});

test.each([
  ["alone", true],
  ["among all that contain it, page by page", false],
])("finds a name with many names under it, listed %s", async (_title, matchesExactly) => {
  fastly.matchesExactly = matchesExactly;
  for (let i = 1; i <= 5; i++) await domains.link(`s${i}.example.test`);
  expect(await domains.link("example.test")).toEqual({ kind: "linked", created: true });
  fastly.calls.length = 0;
  expect(await domains.link("example.test")).toEqual({ kind: "linked", created: false });
  expect(fastly.calls).toHaveLength(matchesExactly ? 1 : 3);
  await domains.unlink("example.test");
  expect(fastly.domains.map(({ fqdn }) => fqdn)).not.toContain("example.test");
  expect(fastly.domains).toHaveLength(5);
});

test("gives a listing without an end up, rather than take the name for absent", async () => {
  const meta = { next_cursor: "again" };
  fastly.refuse = (call) => (call.startsWith("GET") ? { status: 200, body: { data: [], meta } } : undefined);
  await expect(domains.unlink("shop.example.test")).rejects.toThrow(
    "under fqdn=shop.example.test; got more.",
  );
});

test("gives a domain without a service to ours, and leaves one with another service alone", async () => {
  fastly.domains.push({ id: "1", fqdn: "free.example.test", service_id: null });
  fastly.domains.push({ id: "2", fqdn: "theirs.example.test", service_id: "other" });
  expect(await domains.link("free.example.test")).toEqual({ kind: "linked", created: true });
  expect(await domains.link("theirs.example.test")).toMatchObject({ kind: "taken" });
  await domains.unlink("theirs.example.test");
  expect(fastly.domains).toMatchObject([{ service_id: "service" }, { service_id: "other" }]);
});

test("is linked, once, when the reply was lost or two link at once", async () => {
  fastly.around = async (call, handle) => {
    const answer = await handle();
    return call.startsWith("POST") ? { status: 502 } : answer;
  };
  await expect(domains.link("shop.example.test")).rejects.toMatchObject({ code: "FASTLY_UNAVAILABLE" });
  fastly.around = (_call, handle) => handle();
  expect(await domains.link("shop.example.test")).toMatchObject({ kind: "linked" });

  const twice = await Promise.all([domains.link("pair.example.test"), domains.link("pair.example.test")]);
  expect(twice.map(({ kind }) => kind)).toEqual(["linked", "linked"]);
  expect(fastly.domains.map(({ fqdn }) => fqdn)).toEqual(["shop.example.test", "pair.example.test"]);
});

test("calls a name taken that another of Fastly's customers has", async () => {
  fastly.refuse = (call) => (call.startsWith("POST") ? { status: 409, body: { msg: "taken" } } : undefined);
  expect(await domains.link("shop.example.test")).toEqual({
    kind: "taken",
    reason: "shop.example.test is already in use at Fastly by another service.",
  });
});
