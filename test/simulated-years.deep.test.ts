import { expect, test } from "@jest/globals";
import { replayable, SEED, sized } from "./simulation/seed.ts";
import { simulateYear } from "./simulation/year.ts";

/** 10,000 take hours; the limits of the CA and of Fastly are taken in proportion. */
const DOMAINS = sized("SIMULATED_DOMAINS", 40);
const ROUND_MS = sized("SIMULATED_ROUND_MINUTES", 60) * 60_000;

/** From the end of an outage until the last renewal that waited for it, a check of it before and a round included. */
const CATCHING_UP_DAYS = 1;

test.each([
  { lifetimeDays: 90, outageDays: 7, checkMinutes: 720 },
  { lifetimeDays: 64, outageDays: 7, checkMinutes: 720 },
  { lifetimeDays: 45, outageDays: 7, checkMinutes: 720 },
  { lifetimeDays: 160 / 24, outageDays: 2, checkMinutes: 360 },
])(
  `a year of ${DOMAINS} domains whose certificates live for $lifetimeDays days: none ends, no limit is exceeded, and renewals are spread`,
  async ({ lifetimeDays, outageDays, checkMinutes }) => {
    await replayable(SEED, async () => {
      const options = { seed: SEED, domains: DOMAINS, roundMs: ROUND_MS };
      const year = await simulateYear({ ...options, lifetimeDays, outageDays, checkMinutes });
      process.stderr.write(`seed ${SEED}, ${lifetimeDays.toFixed(1)} days: ${JSON.stringify(year)}\n`);

      expect(year.unserved).toEqual([]);
      expect([year.refusedWrites, year.refusedOrders]).toEqual([0, []]);
      const { growth, quiet, outage, recall } = year.least;
      expect([growth.lateHours, quiet.lateHours, recall.lateHours]).toEqual([0, 0, 0]);
      // Renewal begins with a third or a half of the life left, which an outage takes its days from.
      const begunDays = lifetimeDays * (lifetimeDays < 10 ? 1 / 2 : 1 / 3);
      expect(outage.days).toBeGreaterThan(begunDays - outageDays - CATCHING_UP_DAYS);
      expect(year.peak).toBeLessThanOrEqual(3 * year.mean);
    });
  },
  1_200_000,
);
