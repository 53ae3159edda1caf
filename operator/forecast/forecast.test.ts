import { expect, test } from "@jest/globals";
import { LIMITS } from "../limits.ts";
import { SCENARIOS } from "./command.ts";
import { type ForecastInput, forecast, type ServedUntil } from "./forecast.ts";

const DAY_MS = 86_400_000;
const NOW = new Date("2026-12-01T00:00:00.000Z");

/** Issued evenly over the last two thirds of 90 days. */
function certificates(
  count: number,
  name = (index: number) => `shop-${index}.example`,
): readonly ServedUntil[] {
  return Array.from({ length: count }, (_, index) => {
    const notBefore = NOW.getTime() - (60 * DAY_MS * (index + 0.5)) / count;
    return {
      domain: name(index),
      notBefore: new Date(notBefore).toISOString(),
      notAfter: new Date(notBefore + 90 * DAY_MS).toISOString(),
    };
  });
}

function outlook(scenario: string, change: Partial<ForecastInput> & { readonly count: number }) {
  const found = SCENARIOS.find(({ name }) => name === scenario);
  if (!found) throw new Error(`There is no scenario "${scenario}".`);
  const { count, ...others } = change;
  const input = {
    certificates: certificates(count),
    limits: LIMITS,
    now: NOW,
    days: 400,
    growth: 0,
    ...others,
  };
  const [writes, orders, ordersWithoutAri, inDomain] = forecast(input, found);
  if (!writes || !orders || !ordersWithoutAri || !inDomain) throw new Error("A limit is missing.");
  return { writes, orders, ordersWithoutAri, inDomain };
}

test("finds room for 10,000 certificates of 90, 64 and 45 days", () => {
  for (const scenario of ["as announced", "64 days", "45 days"]) {
    const { writes, orders } = outlook(scenario, { count: 10_000 });
    expect(writes).toMatchObject({ lateAt: undefined });
    expect(writes.peak).toBeGreaterThan(0.04);
    expect(orders).toMatchObject({ peak: 0, bindsAt: undefined });
  }
});

test("counts as many renewals as there are: 6-day certificates ten times those of 90 days and more", () => {
  // Half of 6 days: 10,000 in 72 hours, 5 changes each.
  const { writes } = outlook("6 days", { count: 10_000 });
  const { peak } = outlook("6 days", { count: 1_000 }).writes;
  expect(peak).toBeLessThan(1);
  expect(writes.bindsAt).toBeUndefined();
  expect(writes.peak).toBeGreaterThan((0.9 * ((10_000 / 72) * 5)) / 1_000);
});

test("names the day on which growth fills the CDN's hour, and the later one on which it is too late", () => {
  const { writes } = outlook("6 days", { count: 5_000, growth: 50, days: 600 });
  // 760 changes an hour are 152 renewals, 10,950 certificates in 72 hours.
  const fullAt = NOW.getTime() + ((10_950 - 5_000) / 50) * DAY_MS;
  expect(Math.abs((writes.bindsAt?.getTime() ?? 0) - fullAt)).toBeLessThan(15 * DAY_MS);
  expect(writes.lateAt?.getTime()).toBeGreaterThan(writes.bindsAt?.getTime() ?? Number.POSITIVE_INFINITY);
});

test("says of a mass revocation whether the CA's day is enough", () => {
  expect(outlook("all revoked", { count: 1_000, days: 60 }).writes.lateAt).toBeUndefined();
  const { writes } = outlook("all revoked", { count: 10_000, days: 60 });
  expect(writes.bindsAt?.getTime()).toBe(NOW.getTime());
  expect(writes.lateAt).toBeDefined();
  expect((writes.lateAt?.getTime() ?? 0) - NOW.getTime()).toBeLessThan(DAY_MS);
});

test("says what ARI spares: the CA's orders, and its week of the domain with the most names", () => {
  const names = certificates(2_000, (index) => `shop-${index}.customers.example`);
  const { inDomain, orders, ordersWithoutAri } = outlook("45 days", { count: 0, certificates: names });
  expect(inDomain.limit).toBe("CA: certificates a week in customers.example, without ARI");
  expect(inDomain.bindsAt?.getTime()).toBeLessThan(NOW.getTime() + 8 * DAY_MS);
  expect(orders.peak).toBe(0);
  expect(ordersWithoutAri.peak).toBeGreaterThan(0);
});

test("counts registrations at the CA", () => {
  const { orders } = outlook("45 days", { count: 0, growth: 4_800, days: 20 });
  // 200 an hour, 600 in three.
  expect(orders.peak).toBeCloseTo(2, 1);
  expect(orders.bindsAt?.getTime()).toBeLessThan(NOW.getTime() + 3 * 3_600_000);
});
