import { expect, test } from "@jest/globals";
import type { Finding, Seen } from "./certificate-api.ts";
import { disagreements } from "./disagreements.ts";

const DOMAIN = "shop.example.test";
const finding: Finding = {
  request: "r",
  at: "2026-11-01T12:00:00.000Z",
  outcome: "verified",
  reason: null,
  retryAt: null,
  backup: { version: "00000002", serial: "02", notAfter: "2027-01-01T00:00:00.000Z" },
  passedOver: [],
  activated: "this",
  linked: "ours",
};
const edge = (serialNumber: string): Seen => ({
  status: 200,
  issuer: "Test",
  serialNumber,
  notAfter: "2027-01-01T00:00:00.000Z",
});
const named = (change: Partial<Finding>, seen: Seen = edge("02")) =>
  disagreements(DOMAIN, { ...finding, ...change }, seen);

test("names none where backup, CDN and edge agree", () => {
  expect(named({})).toEqual([]);
});

test.each<[string, Partial<Finding>, Seen, RegExp]>([
  ["an empty CDN", { activated: "none", linked: "none" }, { error: "none" }, /leads the name to no service/],
  ["a CDN without the certificate", { activated: "none" }, { error: "none" }, /has no certificate/],
  ["a CDN with another", { activated: "another" }, edge("01"), /another certificate than the backup/],
])("names %s, with the command that mends it", (_what, change, seen, what) => {
  const [first] = named(change, seen);
  expect(first?.what).toMatch(what);
  expect(first?.next).toBe(`npm run certificates -- restore ${DOMAIN} brings the backup there.`);
});

test.each<[string, Seen, RegExp]>([
  ["another one", edge("01"), /shows serial 01, the backup has 02/],
  ["none", { error: "refused" }, /shows no certificate \(refused\)/],
])("advises patience where the CDN is right and the edge still shows %s", (_what, seen, what) => {
  expect(named({}, seen)).toEqual([
    { what: expect.stringMatching(what), next: expect.stringContaining("verify again") },
  ]);
});

test("names a backup that was passed over, and one that is missing", () => {
  expect(named({ passedOver: [{ version: "00000003", why: "cannot be opened" }] })).toEqual([
    {
      what: "Backup 00000003 cannot be opened.",
      next: `npm run domains -- renew ${DOMAIN} makes a new one.`,
    },
  ]);
  expect(named({ backup: null, activated: null })).toMatchObject([{ what: "There is no backup." }]);
});

test("names a name that is another service's", () => {
  expect(named({ linked: "another's" })).toMatchObject([
    { what: expect.stringContaining("another service") },
  ]);
});
