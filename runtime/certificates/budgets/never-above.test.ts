import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { WRITES } from "./limits.ts";
import { runBusyInstances } from "./testing/busy-instances.ts";
import { lowestLevel, peakWithin, type Spent } from "./testing/spent.ts";
import { BudgetWorld, HOUR_MS } from "./testing/world.ts";

const WEEK_MS = 168 * HOUR_MS;
const limits = {
  ordersPer3Hours: 30,
  certificatesPerDomainPerWeek: 10,
  certificatesPerNamePerWeek: 5,
  writesPerHour: 100,
};

/** As `Math.random`, and the same again for the same seed. @see https://en.wikipedia.org/wiki/Xorshift */
function seededRandom(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

test("whatever instances ask, die, fail and have for clocks, no limit is exceeded in any window", async () => {
  let fullest = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const { writes, orders, certificates } = await runBusyInstances(seededRandom(seed), { limits });
      const peak = peakWithin(writes, HOUR_MS);
      fullest = Math.max(fullest, peak);
      expect(peak).toBeLessThanOrEqual(limits.writesPerHour);
      expect(lowestLevel(orders, 30, 30 / (3 * HOUR_MS))).toBeGreaterThanOrEqual(0);
      for (const [name, spent] of certificates) {
        const isRegistered = name.split(".").length === 2;
        const limit = isRegistered ? limits.certificatesPerDomainPerWeek : limits.certificatesPerNamePerWeek;
        expect(lowestLevel(spent, limit, limit / WEEK_MS)).toBeGreaterThanOrEqual(0);
      }
    }),
    { numRuns: 25 },
  );
  // It was asked for more than there is.
  expect(fullest).toBeGreaterThan(limits.writesPerHour / 2);
});

test("what is all done as late as it may be, and then at once, still fits the hour", async () => {
  const world = new BudgetWorld();
  const budgets = world.instance();
  const { clock } = world;
  const started = clock.monotonicMs();
  const latest = started + 540_000;
  const writes: Spent[] = [];
  for (let asked = 0; clock.monotonicMs() < latest + HOUR_MS; asked++) {
    const work = asked % 2 === 0 ? "ari-renewal" : "removal";
    const grant = await world.take(budgets, work, `d${asked}.test`, `c${asked}@customers.example`);
    const at = Math.max(latest, clock.monotonicMs());
    if (grant.kind === "granted") writes.push({ at, count: WRITES[work] });
    else await clock.run(clock.sleep(5_000));
  }
  const peak = peakWithin(writes, HOUR_MS);
  expect(peak).toBeLessThanOrEqual(1_000);
  expect(peak).toBeGreaterThan(900);
});

test("no object is written more than once a second, by all instances together", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const { objectWrites } = await runBusyInstances(seededRandom(seed), { limits, clocksMs: 0 });
      const gaps = [...objectWrites.values()].flatMap((times) =>
        times.slice(1).map((at, index) => at - (times[index] ?? 0)),
      );
      expect(gaps.length).toBeGreaterThan(0);
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000);
    }),
    { numRuns: 20 },
  );
});
