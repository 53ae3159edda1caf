import { expect, test } from "@jest/globals";
import { planInWords, renewalPlan } from "./renewal-plan.ts";

const SINCE = new Date("2026-11-01T12:00:00.000Z");
const served = (domain: string, notBefore: string | null, notAfter: string | null = null) =>
  ({ domain, state: "active", notBefore, notAfter }) as const;

test("leaves out what was issued since then, and what is not served", () => {
  const plan = renewalPlan(
    [
      served("old.example.test", "2026-10-01T00:00:00.000Z"),
      served("new.example.test", "2026-11-01T12:00:00.000Z"),
      served("unknown.example.test", null),
      { ...served("failed.example.test", null), state: "failed" },
    ],
    SINCE,
  );
  expect(plan).toMatchObject({
    domains: ["old.example.test", "unknown.example.test"],
    renewedAlready: 1,
    estimateMs: 0,
  });
});

test("begins with what was named first, then with what ends soonest", () => {
  const [a, b, c] = ["2027-01-03T00:00:00Z", "2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z"];
  const domains = [served("a.test", null, a), served("b.test", null, b), served("c.test", null, c)];
  const plan = renewalPlan(domains, SINCE, ["c.test", "absent.test"]);
  expect(plan.domains).toEqual(["c.test", "b.test", "a.test"]);
  expect(plan.unknown).toEqual(["absent.test"]);
});

test("says of 10,000 compromised keys that they take longer than the CA waits, and what to do", () => {
  const many = Array.from({ length: 10_000 }, (_, index) => served(`shop-${index}.test`, null));
  const plan = renewalPlan(many, SINCE);
  expect(plan.estimateMs).toBeGreaterThan(40 * 3_600_000);
  const words = planInWords(plan, "keyCompromise");
  expect(words).toContain("10000 certificates, 5 changes at the CDN each");
  expect(words).toMatch(/revokes within 24 h .+higher limit.+Platform TLS.+--first FILE/s);
  expect(planInWords(plan)).not.toContain("revokes");
  expect(planInWords(renewalPlan(many.slice(0, 100), SINCE), "keyCompromise")).not.toContain("revokes");
});
