import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { type CaaVerdict, checkCaa } from "./caa.ts";
import type { Answer, CaaProperty } from "./dns-lookup.ts";

const OURS = ["letsencrypt.org", "ca.example"];
const NAME = "a.b.example.test";

type Sets = Readonly<Record<string, readonly CaaProperty[] | { alias: string; records: CaaProperty[] }>>;

async function judge(sets: Sets) {
  const asked: string[] = [];
  const caa = async (name: string): Promise<Answer<CaaProperty>> => {
    asked.push(name);
    const set = sets[name] ?? [];
    return { kind: "answer", ...("alias" in set ? set : { records: set }) };
  };
  return { verdict: await checkCaa({ caa }, NAME, OURS), asked };
}

const issue = (value: string, flags = 0): CaaProperty => ({ flags, tag: "issue", value });
const allowed = { kind: "allowed" };

test("climbs to the top and allows what nobody forbids", async () => {
  const { verdict, asked } = await judge({});
  expect(verdict).toEqual(allowed);
  expect(asked).toEqual(["a.b.example.test", "b.example.test", "example.test", "test"]);
});

test("the closest set decides: what stands above it is not asked for", async () => {
  const { verdict, asked } = await judge({
    "b.example.test": [issue("letsencrypt.org")],
    "example.test": [issue(";")],
  });
  expect(verdict).toEqual(allowed);
  expect(asked).toEqual(["a.b.example.test", "b.example.test"]);
});

test("a set without issue properties hides its parents' and forbids nothing", async () => {
  const { verdict } = await judge({
    "a.b.example.test": [
      { flags: 128, tag: "iodef", value: "mailto:a@example.test" },
      { flags: 0, tag: "issuewild", value: ";" },
    ],
    "example.test": [issue(";")],
  });
  expect(verdict).toEqual(allowed);
});

test("climbs the name, never the name that it is an alias of", async () => {
  const { verdict, asked } = await judge({
    "a.b.example.test": { alias: "shop.cdn.test", records: [] },
    "cdn.test": [issue(";")],
    "example.test": [issue(";")],
  });
  expect(asked).toEqual(["a.b.example.test", "b.example.test", "example.test"]);
  expect(verdict).toMatchObject({ holder: "example.test", owner: "example.test", isAlias: true });
});

test("says where the records of an alias stand", async () => {
  const forbidding = { alias: "shop.cdn.test", records: [issue("")] };
  expect((await judge({ [NAME]: forbidding })).verdict).toMatchObject({
    holder: NAME,
    owner: "shop.cdn.test",
    isAlias: true,
  });
  expect((await judge({ "example.test": forbidding })).verdict).toMatchObject({
    holder: "example.test",
    owner: "shop.cdn.test",
    isAlias: false,
  });
});

const add = { kind: "add", property: issue("letsencrypt.org") };
const replace = (property: CaaProperty, value: string) => ({
  kind: "replace",
  property,
  by: { ...property, value },
});

test.each<[string, readonly CaaProperty[], string | undefined, readonly object[]]>([
  ["nobody", [issue(";")], "they allow no CA at all", [add]],
  ["nobody, empty", [issue("")], "they allow no CA at all", [add]],
  ["another", [issue("pki.goog")], "they allow only pki.goog", [add]],
  ["another and us", [issue("pki.goog"), issue("LetsEncrypt.org", 128)], undefined, []],
  ["our second name", [issue("ca.example")], undefined, []],
  [
    "us by name prefix only",
    [issue("letsencrypt.org.example")],
    "they allow only letsencrypt.org.example",
    [add],
  ],
  ["us with an account", [issue("letsencrypt.org; accounturi=https://ca.example/1")], undefined, []],
  ["us by http-01", [issue("letsencrypt.org;validationmethods=dns-01,http-01")], undefined, []],
  [
    "us by dns-01 only",
    [issue("letsencrypt.org; accounturi=https://x/1;validationmethods=dns-01")],
    "they do not allow letsencrypt.org to validate by http-01",
    [
      replace(
        issue("letsencrypt.org; accounturi=https://x/1;validationmethods=dns-01"),
        "letsencrypt.org; accounturi=https://x/1; validationmethods=dns-01,http-01",
      ),
    ],
  ],
  [
    "us by what is no method",
    [issue("ca.example; validationmethods=http-01,%")],
    "they do not allow ca.example to validate by http-01",
    [replace(issue("ca.example; validationmethods=http-01,%"), "ca.example; validationmethods=http-01")],
  ],
  ["us, and an end without parameters", [issue("letsencrypt.org;")], undefined, []],
  [
    "us in broken grammar",
    [issue("letsencrypt.org; no value\u001b; a=1")],
    '"letsencrypt.org; no value\\027; a=1" breaks the grammar of RFC 8659, so that it allows nobody',
    [replace(issue("letsencrypt.org; no value\u001b; a=1"), "letsencrypt.org; a=1")],
  ],
  [
    "us, with a semicolon too many",
    [issue("letsencrypt.org; a=1;")],
    '"letsencrypt.org; a=1;" breaks the grammar of RFC 8659, so that it allows nobody',
    [replace(issue("letsencrypt.org; a=1;"), "letsencrypt.org; a=1")],
  ],
  ...[
    [128, "tbs"],
    [128, "critical"],
    [128, "type"],
    [129, "__proto__"],
    [1, "Issue2"],
  ].map(([flags, tag]): [string, readonly CaaProperty[], string, readonly object[]] => {
    const property = { flags: Number(flags), tag: String(tag), value: "Unknown" };
    return [
      `us, and a critical ${tag}`,
      [issue("letsencrypt.org"), property],
      `they hold a critical property, "${tag}", that CAs do not know`,
      [{ kind: "remove", property }],
    ];
  }),
  [
    "us, and something unknown that is not critical",
    [issue("letsencrypt.org"), { flags: 2, tag: "tbs", value: "Unknown" }],
    undefined,
    [],
  ],
])("allows %s", async (_title, records, because, changes) => {
  const { verdict } = await judge({ [NAME]: records });
  expect(verdict).toEqual(
    because === undefined
      ? allowed
      : { kind: "forbidden", holder: NAME, owner: NAME, isAlias: false, because, changes },
  );
});

test("a server that fails on the way up is trouble, named by its holder", async () => {
  const caa = async (name: string) =>
    name === "example.test"
      ? ({ kind: "trouble", what: "SERVFAIL" } as const)
      : ({ kind: "answer", records: [] } as const);
  expect(await checkCaa({ caa }, NAME, OURS)).toEqual({
    kind: "trouble",
    holder: "example.test",
    what: "SERVFAIL",
  });
});

const value = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("", "letsencrypt.org", "LETSENCRYPT.ORG", "ca.example", "pki.goog", "a b"),
      fc.array(
        fc.constantFrom(
          "accounturi=https://ca.example/acct/1",
          "validationmethods=dns-01",
          "validationmethods=dns-01,http-01",
          "ValidationMethods = tls-alpn-01",
          "validationmethods=,",
          "",
          " ",
          "x",
          "=",
          "a=b c",
        ),
        { maxLength: 3 },
      ),
    )
    .map(([name, parameters]) => [name, ...parameters].join(";")),
  fc.string(),
);
const property: fc.Arbitrary<CaaProperty> = fc.record({
  flags: fc.constantFrom(0, 1, 2, 128, 255),
  tag: fc.oneof(
    fc.constantFrom("issue", "ISSUE", "issuewild", "iodef", "issuemail", "tbs", "type"),
    fc.string(),
  ),
  value,
});

test("whatever the records of a name are, doing what is advised lets us in", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(property, { minLength: 1, maxLength: 5 }), async (records) => {
      const { verdict } = await judge({ [NAME]: records });
      if (verdict.kind !== "forbidden") return;
      expect((await judge({ [NAME]: applied(records, verdict) })).verdict).toEqual(allowed);
    }),
  );
});

function applied(
  records: readonly CaaProperty[],
  { changes }: Extract<CaaVerdict, { kind: "forbidden" }>,
): readonly CaaProperty[] {
  let left = [...records];
  for (const change of changes) {
    if (change.kind !== "add") {
      expect(left).toContain(change.property);
      left = left.filter((record) => record !== change.property);
    }
    if (change.kind !== "remove") left.push(change.kind === "replace" ? change.by : change.property);
  }
  return left;
}
