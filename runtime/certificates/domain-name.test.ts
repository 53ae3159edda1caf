import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseDomainName, ruleForReserved } from "./domain-name.ts";

const label63 = "a".repeat(63);

describe("a name is refused with the rule that it breaks", () => {
  test.each([
    ["", "must not be empty"],
    ["  ", "must not be empty"],
    ["*.example.com", "must not be a wildcard"],
    ["127.0.0.1", "must be a name, not an IP address"],
    ["127.1", "must be a name, not an IP address"],
    ["2130706433", "must be a name, not an IP address"],
    ["0x7f000001", "must be a name, not an IP address"],
    ["0177.0.0.1", "must be a name, not an IP address"],
    ["1.2.3.4.5", "must be a name, not an IP address"],
    ["１２７。0.0.1", "must be a name, not an IP address"],
    ["example.com.0x1", "must be a name, not an IP address"],
    ["::1", "must be a name, not an IP address"],
    ["[::ffff:10.0.0.1]", "must be a name, not an IP address"],
    ["localhost", "must have two labels or more"],
    [`${label63}a.example.com`, "must have labels of 63 characters or less"],
    [`${`${label63}.`.repeat(4)}com`, "must be 253 characters or less"],
    ["x".repeat(5_000), "must be 253 characters or less"],
    ["a_b.example.com", "must not hold an underscore"],
    ["shop.exam\u0000ple.com", "must not hold spaces or control characters"],
    ["shop.example.com\n", "must not hold spaces or control characters"],
    ["shop .example.com", "must not hold spaces or control characters"],
    ["a..example.com", "must not hold an empty label (two dots in a row, or one in front)"],
    [".example.com", "must not hold an empty label (two dots in a row, or one in front)"],
    ["example.com..", "must not hold an empty label (two dots in a row, or one in front)"],
    ["co.uk", "must not be a public suffix, under which others register names"],
    ["GitHub.io.", "must not be a public suffix, under which others register names"],
  ])("%j: %s", (input, rule) => {
    expect(parseDomainName(input)).toEqual({ kind: "invalid", rule });
  });

  test.each([
    "-a.example.com",
    "https://example.com",
    "example.com:80",
    "a/../b.com",
    "bücher／.example.com",
  ])("%j: letters, digits, hyphens", (input) => {
    expect(parseDomainName(input)).toMatchObject({
      kind: "invalid",
      rule: expect.stringContaining("letters, digits and hyphens"),
    });
  });

  test.each([
    ["a label that is no Punycode", "xn--a.example.com"],
    ["a label that only looks encoded", "ab--c.example.com"],
    ["a joiner where none belongs", "a\u200db.example.com"],
    ["both directions in one label", "aא.example.com"],
    ["a character that is none", "a\uffff.example.com"],
  ])("%s: valid IDNA", (_title, input) => {
    expect(parseDomainName(input)).toMatchObject({
      kind: "invalid",
      rule: expect.stringContaining("must be valid IDNA"),
    });
  });
});

test.each([
  ["shop.internal", "internal"],
  ["printer.local", "local"],
  ["a.b.localhost", "localhost"],
  ["shop.invalid", "invalid"],
  ["router.home.arpa", "home.arpa"],
  ["1.0.0.127.in-addr.arpa", "in-addr.arpa"],
  ["in-addr.arpa", "in-addr.arpa"],
  ["8.b.d.0.1.0.0.2.ip6.arpa", "ip6.arpa"],
])("%s is reserved", (domain, suffix) => {
  expect(ruleForReserved(domain)).toBe(
    `must not be in ${suffix}, which is reserved: no public CA issues certificates for it`,
  );
});

test.each(["shop.example.test", "internal.example.com", "mylocal", "shop.mylocal", "e164.arpa"])(
  "%s is not reserved",
  (domain) => {
    expect(ruleForReserved(domain)).toBeUndefined();
  },
);

test.each([
  ["shop.example.test", "shop.example.test", undefined],
  ["Shop.Example.COM", "shop.example.com", "Shop.Example.COM"],
  ["shop.example.com.", "shop.example.com", "shop.example.com."],
  ["bücher.example", "xn--bcher-kva.example", "bücher.example"],
  ["straße.de", "xn--strae-oqa.de", "straße.de"],
  ["a.github.io", "a.github.io", undefined],
  ["0x1.example.com", "0x1.example.com", undefined],
])("%j is written as %s", (input, domain, normalizedFrom) => {
  expect(parseDomainName(input)).toEqual({ kind: "valid", domain, normalizedFrom });
});

test("whatever is accepted is a hostname in its one form: safe in a path, stable under another pass", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ".",
      "..",
      "/",
      "%2e",
      "_",
      "*",
      "-",
      "xn--",
      "\u0000",
      "[",
      ":",
      "ß",
      "。",
      "co.uk",
      "com",
    ),
    fc.string({ maxLength: 20 }),
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.domain(),
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join("")),
      (input) => {
        const parsed = parseDomainName(input);
        if (parsed.kind === "invalid") return;
        expect(parsed.domain).toMatch(
          /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{1,63}$/,
        );
        expect(parseDomainName(parsed.domain)).toEqual({
          kind: "valid",
          domain: parsed.domain,
          normalizedFrom: undefined,
        });
      },
    ),
    { numRuns: 500 },
  );
});

test("every ordinary name is accepted as it is", () => {
  fc.assert(
    fc.property(fc.domain(), (name) => {
      const lower = name.toLowerCase();
      // fast-check also makes labels that IDNA or the public suffix list forbid.
      fc.pre(!/(^|\.)..--/.test(lower));
      expect(parseDomainName(`www.${lower}`)).toEqual({
        kind: "valid",
        domain: `www.${lower}`,
        normalizedFrom: undefined,
      });
    }),
  );
});

/** A number as C's and a browser's parsers of addresses read it. */
const written = (number: number) =>
  fc.constantFrom(
    String(number),
    `0x${number.toString(16)}`,
    `0X${number.toString(16)}`,
    `0${number.toString(8)}`,
  );
const octet = fc.nat(255);
const encoded = fc
  .tuple(octet, octet, octet, octet, fc.integer({ min: 1, max: 4 }))
  .chain(([a, b, c, d, parts]) => {
    const tail =
      [((a * 256 + b) * 256 + c) * 256 + d, (b * 256 + c) * 256 + d, c * 256 + d, d][parts - 1] ?? d;
    return fc
      .tuple(...[...[a, b, c].slice(0, parts - 1), tail].map(written))
      .map((numbers) => numbers.join("."));
  });

test("no way to write an IPv4 address, or one inside an IPv6 address, is a name", () => {
  fc.assert(
    fc.property(encoded, fc.constantFrom("", "."), (address, end) => {
      // All of them are addresses to whoever parses URLs.
      expect(new URL(`http://${address}/`).hostname).toMatch(/^[0-9]+(\.[0-9]+){3}$/);
      expect(parseDomainName(address + end)).toMatchObject({ kind: "invalid" });
    }),
  );
  fc.assert(
    fc.property(fc.ipV4(), fc.constantFrom("::ffff:", "::", "64:ff9b::", "::FFFF:0:"), (address, prefix) => {
      expect(parseDomainName(prefix + address)).toMatchObject({ kind: "invalid" });
      expect(parseDomainName(`[${prefix}${address}]`)).toMatchObject({ kind: "invalid" });
    }),
  );
});
