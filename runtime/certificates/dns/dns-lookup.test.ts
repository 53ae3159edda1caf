import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { Packet } from "dns-packet";
import { TestDnsServer } from "../testing/dns-server.ts";
import { type DnsLookup, openDnsLookup } from "./dns-lookup.ts";

const SERVFAIL = 2;
const REFUSED = 5;

let server: TestDnsServer;
let dns: DnsLookup;

beforeEach(async () => {
  server = await new TestDnsServer().start();
  dns = openDnsLookup([server.address]);
});

afterEach(() => server.stop());

const a = (data: string, name?: string) => ({ type: "A", data, ...(name !== undefined && { name }) });
const cname = (data: string, name?: string) => ({ type: "CNAME", data, ...(name !== undefined && { name }) });
const caa = (flags: number, tag: string, value: string, name?: string) => ({
  type: "CAA",
  data: { flags, tag, value },
  ...(name !== undefined && { name }),
});

test("gathers A and AAAA, through aliases, whatever else an answer holds and however it writes names", async () => {
  server.zone["shop.example.test A"] = {
    records: [
      a("203.0.113.9", "other.example.test"),
      a("192.0.2.1", "Edge.example.NET"),
      cname("EDGE.example.net", "cdn.example.test"),
      cname("cdn.example.test", "Shop.Example.test"),
    ],
  };
  server.zone["shop.example.test AAAA"] = { records: [{ type: "AAAA", data: "2001:db8::1" }] };
  expect(await dns.addresses("shop.example.test")).toEqual({
    kind: "answer",
    records: ["192.0.2.1", "2001:db8::1"],
  });
});

test("takes no such name and no such records for answers", async () => {
  server.zone["v4.example.test A"] = { records: [a("192.0.2.1")] };
  server.zone["v4.example.test AAAA"] = {};
  expect(await dns.addresses("v4.example.test")).toEqual({ kind: "answer", records: ["192.0.2.1"] });
  expect(await dns.addresses("absent.example.test")).toEqual({ kind: "answer", records: [] });
  expect(await dns.caa("absent.example.test")).toEqual({ kind: "answer", records: [] });
});

test("finds an address where one of the two questions fails, and says which; where neither finds any, that is trouble", async () => {
  server.zone["v4.example.test A"] = { records: [a("192.0.2.1")] };
  server.zone["v4.example.test AAAA"] = { code: SERVFAIL };
  expect(await dns.addresses("v4.example.test")).toEqual({
    kind: "answer",
    records: ["192.0.2.1"],
    failed: "AAAA: SERVFAIL",
  });
  server.zone["v4.example.test A"] = {};
  expect(await dns.addresses("v4.example.test")).toEqual({ kind: "trouble", what: "AAAA: SERVFAIL" });
  server.zone["v4.example.test A"] = { code: REFUSED };
  expect(await dns.addresses("v4.example.test")).toEqual({
    kind: "trouble",
    what: "A: REFUSED, AAAA: SERVFAIL",
  });
});

test("reads CAA records with their flags, whatever their tags and values", async () => {
  const records = [
    caa(0, "issue", "letsencrypt.org; validationmethods=http-01"),
    caa(0, "issue", ""),
    caa(0, "issue", ";"),
    caa(128, "critical", "Unknown"),
    caa(128, "type", "Unknown"),
    caa(1, "__proto__", "Unknown"),
  ];
  server.zone["example.test CAA"] = { records };
  expect(await dns.caa("example.test")).toEqual({
    kind: "answer",
    records: records.map(({ data }) => data),
  });
});

test("says where the CAA records of an alias stand, also where there are none", async () => {
  server.zone["shop.example.test CAA"] = {
    records: [cname("shop.cdn.test"), caa(0, "issue", ";", "shop.cdn.test")],
  };
  expect(await dns.caa("shop.example.test")).toMatchObject({ alias: "shop.cdn.test", records: [{}] });
  server.zone["shop.example.test CAA"] = { code: 3, records: [cname("shop.cdn.test")] };
  expect(await dns.caa("shop.example.test")).toEqual({
    kind: "answer",
    alias: "shop.cdn.test",
    records: [],
  });
});

test("aliases in a circle end", async () => {
  server.zone["a.example.test CAA"] = {
    records: [cname("b.example.test"), cname("a.example.test", "b.example.test")],
  };
  expect(await dns.caa("a.example.test")).toMatchObject({ kind: "answer", records: [] });
});

test("reads texts whole, and the one name that a name is an alias of", async () => {
  server.zone["_platform-challenge.example.test TXT"] = {
    records: [
      { type: "TXT", data: ["platform", "=abc"] },
      { type: "TXT", data: ["other"] },
    ],
  };
  server.zone["example.test CNAME"] = { records: [cname("Edge.example"), cname("end.test", "edge.example")] };
  expect(await dns.txt("_platform-challenge.example.test")).toMatchObject({
    records: ["platform=abc", "other"],
  });
  expect(await dns.cname("example.test")).toEqual({ kind: "answer", records: ["edge.example"] });
});

test("asks again by TCP for an answer that is too long for a datagram", async () => {
  const records = Array.from({ length: 40 }, (_, number) => caa(0, "issue", `ca-${number}.example`));
  server.zone["example.test CAA"] = { records, isTruncated: true };
  const answer = await dns.caa("example.test");
  expect(answer.kind === "answer" && answer.records).toHaveLength(40);
  expect(server.asked).toEqual(["example.test CAA", "example.test CAA by TCP"]);
});

test("a server that fails is trouble, not an absence", async () => {
  server.zone["bad.example.test A"] = { code: SERVFAIL };
  server.zone["bad.example.test AAAA"] = { code: SERVFAIL };
  server.zone["bad.example.test CAA"] = { code: SERVFAIL };
  expect(await dns.addresses("bad.example.test")).toEqual({
    kind: "trouble",
    what: "A: SERVFAIL, AAAA: SERVFAIL",
  });
  expect(await dns.caa("bad.example.test")).toEqual({ kind: "trouble", what: "SERVFAIL" });
});

test("asks once more, and the next server where there is one", async () => {
  server.zone["example.test CAA"] = (asked) =>
    asked === 1 ? { code: SERVFAIL } : { records: [caa(0, "issue", ";")] };
  expect(await dns.caa("example.test")).toMatchObject({ records: [{ value: ";" }] });

  const second = await new TestDnsServer().start();
  second.zone["example.test CAA"] = { records: [caa(0, "issue", "ca.example")] };
  server.zone["example.test CAA"] = { code: SERVFAIL };
  expect(await openDnsLookup([server.address, second.address]).caa("example.test")).toMatchObject({
    records: [{ value: "ca.example" }],
  });
  await second.stop();
});

test("believes no answer with another number, nor one to another question", async () => {
  const answers = [{ name: "example.test", ...caa(0, "issue", "evil.example") }] as Packet["answers"];
  const records = [caa(0, "issue", "ca.example")];
  server.zone["example.test CAA"] = {
    records,
    forged: (reply) => ({ ...reply, id: (reply.id ?? 0) ^ 1, answers }),
  };
  expect(await dns.caa("example.test")).toMatchObject({ records: [{ value: "ca.example" }] });
  server.zone["example.test CAA"] = {
    records,
    forged: (reply) => ({ ...reply, questions: [{ name: "other.test", type: "CAA" }], answers }),
  };
  expect(await dns.caa("example.test")).toEqual({ kind: "trouble", what: "an answer that makes no sense" });
});

test("throws where no server can be reached, which says nothing of the name", async () => {
  const { address } = server;
  await server.stop();
  await expect(openDnsLookup([address]).caa("example.test")).rejects.toThrow("ECONNREFUSED");
  server = await new TestDnsServer().start();
});
