import { expect, test } from "@jest/globals";
import { cron } from "./google/cron.ts";
import { count, unique } from "./lists.ts";
import { cidr } from "./network.ts";
import { duration, timestamp, whole } from "./numbers.ts";
import { atLeastOneOf, atMostOneOf, dependent, exactlyOneOf, onlyWhere, requiredWith } from "./presence.ts";
import { cite, judge, type Rule } from "./rule.ts";
import { characters, domainName, rfc1035Label } from "./text.ts";
import { UNKNOWN, type Value } from "./values.ts";

const SOURCE = "https://rules.test/";

/** What a rule says of a value, as `PATH RULE`. */
function broken(rule: Rule, value: Value): string[] {
  const found: string[] = [];
  rule(value, (path, text) => found.push(`${path} ${text}`.trim()));
  return found;
}

test("reaches into lists and maps, over what is not known, and says where each value stands", () => {
  const found: string[] = [];
  judge(
    [
      cite(SOURCE, {
        "a[].b": whole({ from: 1, to: 2 }),
        "m{}": characters({ to: 1 }),
        "x.y": exactlyOneOf("p", "q"),
      }),
    ],
    { a: [{ b: 1 }, UNKNOWN, { b: UNKNOWN }, { b: 3 }], m: { k: "ab", "l.m": "cd" }, x: { y: {} } },
    (path, rule, source) => found.push(`${path} ${rule} ${source}`),
  );
  expect(found).toEqual([
    `a[3].b must be a whole number from 1 to 2 ${SOURCE}`,
    `m.k must have at most 1 characters ${SOURCE}`,
    `m["l.m"] must have at most 1 characters ${SOURCE}`,
    `x.y.p must be set, or q ${SOURCE}`,
  ]);
});

test.each<[string, Rule, Value, string[]]>([
  ["both of two", exactlyOneOf("a", "b"), { a: 1, b: 2 }, ["b must be absent beside a"]],
  ["neither of two", exactlyOneOf("a", "b"), {}, ["a must be set, or b"]],
  ["one that may be absent yet", exactlyOneOf("a", "b"), { a: UNKNOWN, b: 2 }, []],
  ["one that may be there yet", exactlyOneOf("a", "b"), { a: UNKNOWN }, []],
  [
    "two with an unknown third",
    atMostOneOf("a", "b", "c"),
    { a: UNKNOWN, b: 1, c: 2 },
    ["c must be absent beside b"],
  ],
  ["none of several", atLeastOneOf("a", "b", "c"), { d: 1 }, ["a must be set, or b or c"]],
  ["one without its companion", requiredWith("a", "b"), { a: 1 }, ["b must be set beside a"]],
  ["an unknown companion", requiredWith("a", "b"), { a: 1, b: UNKNOWN }, []],
  ["an unknown that would need a companion", requiredWith("a", "b"), { a: UNKNOWN }, []],
  [
    "what a value asks for",
    dependent("t", ["X"], { required: ["b"] }),
    { t: "X" },
    ["b must be set where t is X"],
  ],
  [
    "what a value rules out",
    dependent("t", ["X"], { absent: ["b"] }),
    { t: "X", b: 1 },
    ["b must be absent where t is X"],
  ],
  ["an unknown value", dependent("t", ["X"], { required: ["b"] }), { t: UNKNOWN }, []],
  [
    "what no value asks for",
    onlyWhere("t", ["X"], "b"),
    { t: "Y", b: 1 },
    ["b must be absent unless t is X"],
  ],
  ["the same without the value", onlyWhere("t", ["X"], "b"), { b: 1 }, ["b must be absent unless t is X"]],
  ["the same with an unknown", onlyWhere("t", ["X"], "b"), { t: UNKNOWN, b: 1 }, []],
])("fields: %s", (_, rule, value, expected) => {
  expect(broken(rule, value)).toEqual(expected);
});

const VALUES: readonly (readonly [string, Rule, Value, boolean])[] = [
  ["cidr", cidr(), "10.0.0.0/8", true],
  ["cidr", cidr(), "2a04:4e40::/32", true],
  ["cidr", cidr(), "0.0.0.0/0", true],
  ["cidr", cidr(), "10.0.0.1/8", false],
  ["cidr", cidr(), "2a04:4e40::1/32", false],
  ["cidr", cidr(), "0.0.0.0/99", false],
  ["cidr", cidr(), "10.0.0.0", false],
  ["cidr", cidr(), "10.0/8", false],
  ["duration", duration({ from: 10, to: 600 }), "600s", true],
  ["duration", duration({ from: 10, to: 600 }), "9.5s", false],
  ["duration", duration({ from: 10, to: 600 }), "1m", false],
  ["timestamp", timestamp(), "2027-01-31T00:00:00Z", true],
  ["timestamp", timestamp(), "2027-01-31", false],
  ["cron", cron(), "*/15 0-6,8 1 JAN-MAR mon", true],
  ["cron", cron(), "0 24 * * *", false],
  ["cron", cron(), "0 6-2 * * *", false],
  ["cron", cron(), "*/0 * * * *", false],
  ["cron", cron(), "0 6 * *", false],
  ["rfc1035Label", rfc1035Label(), "a-1", true],
  ["rfc1035Label", rfc1035Label(), "a-", false],
  ["rfc1035Label", rfc1035Label(), "1a", false],
  ["rfc1035Label", rfc1035Label({ from: 6, to: 30 }), "short", false],
  ["domainName", domainName(), "a.example.com", true],
  ["domainName", domainName(), "*.example.com", false],
  ["domainName", domainName({ wildcard: true }), "*.example.com", true],
  ["domainName", domainName(), "a..example.com", false],
  ["domainName", domainName(), "example", false],
  ["domainName", domainName(), "Example.com", false],
  ["domainName", domainName(), `${"a".repeat(64)}.com`, false],
  ["domainName", domainName(), "203.0.113.7", false],
  ["count", count({ to: 1, what: "things" }), [UNKNOWN, "a"], false],
  ["unique", unique(), ["a", UNKNOWN, UNKNOWN, "b"], true],
  ["unique", unique(), ["a", "b", "a"], false],
  ["unique", unique("n"), [{ n: "a" }, { n: "a" }], false],
];

test.each(VALUES.map(([name, rule, value, isRight]) => [name, value, isRight, rule] as const))(
  "values: %s of %p: %p",
  (_, value, isRight, rule) => {
    expect(broken(rule, value).length === 0).toBe(isRight);
  },
);
