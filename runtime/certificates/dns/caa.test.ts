import type { CaaRecord } from "node:dns";
import { expect, test } from "@jest/globals";
import { checkCaa } from "./caa.ts";

const OURS = ["letsencrypt.org"];

async function judge(sets: Record<string, readonly CaaRecord[]>) {
  const asked: string[] = [];
  const caa = async (name: string) => {
    asked.push(name);
    return { kind: "answer" as const, records: sets[name] ?? [] };
  };
  const verdict = await checkCaa({ caa }, "a.b.example.test", OURS);
  return { verdict, asked };
}

const forbidden = (because: string, holder = "a.b.example.test") => ({ kind: "forbidden", holder, because });

test("climbs to the top and allows what nobody forbids", async () => {
  const { verdict, asked } = await judge({});
  expect(verdict).toEqual({ kind: "allowed" });
  expect(asked).toEqual(["a.b.example.test", "b.example.test", "example.test", "test"]);
});

test("the closest set decides: what stands above it is not asked for", async () => {
  const { verdict, asked } = await judge({
    "b.example.test": [{ critical: 0, issue: "letsencrypt.org" }],
    "example.test": [{ critical: 0, issue: ";" }],
  });
  expect(verdict).toEqual({ kind: "allowed" });
  expect(asked).toEqual(["a.b.example.test", "b.example.test"]);
});

test("a set without issue properties hides its parents' and forbids nothing", async () => {
  const { verdict } = await judge({
    "a.b.example.test": [
      { critical: 128, iodef: "mailto:a@example.test" },
      { critical: 0, issuewild: ";" },
    ],
    "example.test": [{ critical: 0, issue: ";" }],
  });
  expect(verdict).toEqual({ kind: "allowed" });
});

test.each<[string, readonly CaaRecord[], ReturnType<typeof forbidden> | { kind: "allowed" }]>([
  ["nobody", [{ critical: 0, issue: ";" }], forbidden("they allow no CA at all")],
  ["nobody, empty", [{ critical: 0, issue: "" }], forbidden("they allow no CA at all")],
  ["another", [{ critical: 0, issue: "pki.goog" }], forbidden("they allow only pki.goog")],
  [
    "another and us",
    [
      { critical: 0, issue: "pki.goog" },
      { critical: 128, issue: "LetsEncrypt.org" },
    ],
    { kind: "allowed" },
  ],
  [
    "us by name prefix only",
    [{ critical: 0, issue: "letsencrypt.org.example" }],
    forbidden("they allow only letsencrypt.org.example"),
  ],
  [
    "us with an account",
    [{ critical: 0, issue: "letsencrypt.org; accounturi=https://ca.example/1" }],
    { kind: "allowed" },
  ],
  [
    "us by http-01",
    [{ critical: 0, issue: "letsencrypt.org;validationmethods=dns-01,http-01" }],
    { kind: "allowed" },
  ],
  [
    "us by dns-01 only",
    [{ critical: 0, issue: "letsencrypt.org; validationmethods=dns-01" }],
    forbidden("they do not allow validation by http-01"),
  ],
  [
    "us in broken grammar",
    [{ critical: 0, issue: "letsencrypt.org; no value" }],
    forbidden("they allow no CA at all"),
  ],
  [
    "us, and something critical that is unknown",
    [{ critical: 0, issue: "letsencrypt.org" }, { critical: 128, tbs: "Unknown" } as CaaRecord],
    forbidden('they hold a critical property "tbs" that CAs do not know'),
  ],
  [
    "us, and something unknown that is not critical",
    [{ critical: 0, issue: "letsencrypt.org" }, { critical: 1, tbs: "Unknown" } as CaaRecord],
    { kind: "allowed" },
  ],
])("allows %s", async (_title, records, verdict) => {
  expect((await judge({ "a.b.example.test": records })).verdict).toEqual(verdict);
});

test("a server that fails on the way up is trouble, named by its holder", async () => {
  const caa = async (name: string) =>
    name === "example.test"
      ? ({ kind: "trouble", what: "SERVFAIL" } as const)
      : ({ kind: "answer", records: [] } as const);
  expect(await checkCaa({ caa }, "a.b.example.test", OURS)).toEqual({
    kind: "trouble",
    holder: "example.test",
    what: "SERVFAIL",
  });
});
