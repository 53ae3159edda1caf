import { expect, test } from "@jest/globals";
import { checkDns } from "./check-dns.ts";
import type { Addresses, Answer, CaaProperty } from "./dns-lookup.ts";
import { EdgeAddresses } from "./edge-addresses.ts";

const DOMAIN = "shop.dept.example.test";
const EDGE = "151.101.1.57";

function check(caa: Readonly<Record<string, Answer<CaaProperty>>>, addresses?: Addresses) {
  return checkDns(
    {
      dns: {
        addresses: async () => addresses ?? { kind: "answer", records: [EDGE] },
        caa: async (name) => caa[name] ?? { kind: "answer", records: [] },
      },
      edge: new EdgeAddresses([EDGE]),
      caaIdentities: ["letsencrypt.org", "ca.example"],
      now: () => new Date("2026-11-01T12:00:00.000Z"),
    },
    DOMAIN,
  );
}

const issue = (value: string, alias?: string): Answer<CaaProperty> => ({
  kind: "answer",
  records: [{ flags: 0, tag: "issue", value }],
  ...(alias !== undefined && { alias }),
});
const alias = (name: string): Answer<CaaProperty> => ({ kind: "answer", records: [], alias: name });

test.each<[string, Readonly<Record<string, Answer<CaaProperty>>>, string]>([
  [
    "of the name's own",
    { [DOMAIN]: issue("pki.goog") },
    `The CAA records of ${DOMAIN} do not let us get a certificate for ${DOMAIN}: they allow only pki.goog. ` +
      `Add the record ${DOMAIN} CAA 0 issue "letsencrypt.org".`,
  ],
  [
    "of its own, by another method",
    { [DOMAIN]: issue("letsencrypt.org; validationmethods=dns-01; accounturi=https://ca/1") },
    `The CAA records of ${DOMAIN} do not let us get a certificate for ${DOMAIN}: ` +
      "they do not allow letsencrypt.org to validate by http-01. Change the record " +
      `${DOMAIN} CAA 0 issue "letsencrypt.org; validationmethods=dns-01; accounturi=https://ca/1" to ` +
      `${DOMAIN} CAA 0 issue "letsencrypt.org; validationmethods=dns-01,http-01; accounturi=https://ca/1".`,
  ],
  [
    "of a parent, which may be none of the customer's",
    { "example.test": issue(";") },
    `The CAA records of example.test do not let us get a certificate for ${DOMAIN}: they allow no CA at all. ` +
      'Add the record example.test CAA 0 issue "letsencrypt.org"; ' +
      `or add the record ${DOMAIN} CAA 0 issue "letsencrypt.org".`,
  ],
  [
    "of the name that it is an alias of",
    { [DOMAIN]: issue("", "shop.cdn.test") },
    `The CAA records of shop.cdn.test, which ${DOMAIN} is an alias (CNAME) of, do not let us get a certificate ` +
      `for ${DOMAIN}: they allow no CA at all. Beside a CNAME there can be no CAA record, so let the owner of ` +
      'shop.cdn.test add the record shop.cdn.test CAA 0 issue "letsencrypt.org"; ' +
      `or replace the CNAME of ${DOMAIN} by its addresses, ${EDGE}, and the record ${DOMAIN} CAA 0 issue "letsencrypt.org".`,
  ],
  [
    "of a parent's alias",
    { "dept.example.test": issue("pki.goog", "dept.cdn.test") },
    `The CAA records of dept.cdn.test, which dept.example.test is an alias (CNAME) of, do not let us get a ` +
      `certificate for ${DOMAIN}: they allow only pki.goog. Beside a CNAME there can be no CAA record, so let the ` +
      'owner of dept.cdn.test add the record dept.cdn.test CAA 0 issue "letsencrypt.org"; ' +
      `or add the record ${DOMAIN} CAA 0 issue "letsencrypt.org".`,
  ],
  [
    "of a parent, under an alias that has none",
    { [DOMAIN]: alias("shop.cdn.test"), "example.test": issue("pki.goog") },
    `The CAA records of example.test do not let us get a certificate for ${DOMAIN}: they allow only pki.goog. ` +
      'Add the record example.test CAA 0 issue "letsencrypt.org"; ' +
      `or replace the CNAME of ${DOMAIN} by its addresses, ${EDGE}, and the record ${DOMAIN} CAA 0 issue "letsencrypt.org".`,
  ],
  [
    "with a critical property and without us, both at once",
    {
      [DOMAIN]: {
        kind: "answer",
        records: [
          { flags: 128, tag: "x\u001b", value: '"' },
          { flags: 0, tag: "issue", value: "pki.goog" },
        ],
      },
    },
    `The CAA records of ${DOMAIN} do not let us get a certificate for ${DOMAIN}: they hold a critical property, ` +
      '"x\\027", that CAs do not know, and they allow only pki.goog. ' +
      `Remove the record ${DOMAIN} CAA 128 x\\027 "\\"", and add the record ${DOMAIN} CAA 0 issue "letsencrypt.org".`,
  ],
])("advises what can be done about CAA %s", async (_title, caa, reason) => {
  expect(await check(caa)).toMatchObject({ kind: "refused", isOwners: true, reason });
});

test("passes a name of whose addresses one kind could not be asked for, as a CA does, and says so", async () => {
  expect(await check({}, { kind: "answer", records: [EDGE], failed: "AAAA: SERVFAIL" })).toEqual({
    kind: "fit",
    addresses: [EDGE],
    failed: "AAAA: SERVFAIL",
  });
});
