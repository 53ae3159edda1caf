import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { backoffMs } from "./backoff.ts";

test("doubles from the minimum up to the maximum", () => {
  const policy = { minimumBackoffMs: 10_000, maximumBackoffMs: 600_000 };
  expect([1, 2, 3, 4, 5, 6, 7, 8, 2_000].map((attempt) => backoffMs(policy, attempt, 0))).toEqual([
    10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 600_000, 600_000, 600_000,
  ]);
});

test("stays within the policy and grows until the maximum is near, whatever the jitter", () => {
  const jitter = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 600_000 }),
      fc.integer({ min: 0, max: 600_000 }),
      fc.integer({ min: 1, max: 100 }),
      jitter,
      jitter,
      (one, other, attempt, random, later) => {
        const policy = { minimumBackoffMs: Math.min(one, other), maximumBackoffMs: Math.max(one, other) };
        const delay = backoffMs(policy, attempt, random);
        const next = backoffMs(policy, attempt + 1, later);
        expect(delay).toBeGreaterThanOrEqual(policy.minimumBackoffMs);
        expect(delay).toBeLessThanOrEqual(policy.maximumBackoffMs);
        expect(next).toBeGreaterThanOrEqual(Math.min(delay, Math.floor(policy.maximumBackoffMs * 0.9)));
      },
    ),
  );
});
