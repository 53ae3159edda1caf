import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type DnsLookup, openDnsLookup } from "./dns-lookup.ts";

const A = 1;
const CNAME = 5;
const AAAA = 28;
const CAA = 257;
const SERVFAIL = 2;
const NXDOMAIN = 3;

interface Reply {
  readonly code?: number;
  readonly records?: readonly { readonly type: number; readonly data: Buffer }[];
}

/** What the name server says by `NAME TYPE`; anything else does not exist. */
let zone: Record<string, Reply>;
let server: Socket;
let dns: DnsLookup;

beforeEach(async () => {
  zone = {};
  server = createSocket("udp4");
  server.on("message", (query, peer) => {
    const { name, type, end } = question(query);
    const { code = 0, records = [] } = zone[`${name} ${type}`] ?? { code: NXDOMAIN };
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(0x8180 | code, 2);
    header.writeUInt16BE(records.length, 6);
    header.writeUInt32BE(0, 8);
    // c00c points back at the question's name.
    const answers = records.map(({ type, data }) => {
      const fixed = Buffer.from([0xc0, 0x0c, type >> 8, type & 255, 0, 1, 0, 0, 0, 0, 0, data.length]);
      return Buffer.concat([fixed, data]);
    });
    server.send(Buffer.concat([header, query.subarray(12, end), ...answers]), peer.port, peer.address);
  });
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  dns = openDnsLookup([`127.0.0.1:${server.address().port}`]);
});

afterEach(async () => {
  await new Promise<void>((closed) => server.close(closed));
});

function question(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join(".").toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

const caaData = (flags: number, tag: string, value: string) =>
  Buffer.concat([Buffer.from([flags, tag.length]), Buffer.from(tag + value)]);

test("gathers A and AAAA, through an alias", async () => {
  zone["shop.example.test 1"] = {
    records: [
      { type: CNAME, data: Buffer.from([0xc0, 0x0c]) },
      { type: A, data: Buffer.from([192, 0, 2, 1]) },
    ],
  };
  zone["shop.example.test 28"] = {
    records: [{ type: AAAA, data: Buffer.from("20010db8000000000000000000000001", "hex") }],
  };
  expect(await dns.addresses("shop.example.test")).toEqual({
    kind: "answer",
    records: ["192.0.2.1", "2001:db8::1"],
  });
});

test("takes no such name and no such records for answers", async () => {
  zone["v4.example.test 1"] = { records: [{ type: A, data: Buffer.from([192, 0, 2, 1]) }] };
  zone["v4.example.test 28"] = {};
  expect(await dns.addresses("v4.example.test")).toEqual({ kind: "answer", records: ["192.0.2.1"] });
  expect(await dns.addresses("absent.example.test")).toEqual({ kind: "answer", records: [] });
  expect(await dns.caa("absent.example.test")).toEqual({ kind: "answer", records: [] });
});

test("reads CAA records with their flags and tags, known and unknown", async () => {
  zone["example.test 257"] = {
    records: [
      { type: CAA, data: caaData(0, "issue", "letsencrypt.org; validationmethods=http-01") },
      { type: CAA, data: caaData(128, "tbs", "Unknown") },
    ],
  };
  expect(await dns.caa("example.test")).toMatchObject({
    kind: "answer",
    records: [
      { critical: 0, issue: "letsencrypt.org; validationmethods=http-01" },
      { critical: 128, tbs: "Unknown" },
    ],
  });
});

test("a server that fails is trouble, not an absence", async () => {
  zone["bad.example.test 1"] = { code: SERVFAIL };
  zone["bad.example.test 28"] = { code: SERVFAIL };
  zone["bad.example.test 257"] = { code: SERVFAIL };
  expect(await dns.addresses("bad.example.test")).toEqual({ kind: "trouble", what: "SERVFAIL" });
  expect(await dns.caa("bad.example.test")).toEqual({ kind: "trouble", what: "SERVFAIL" });
});
