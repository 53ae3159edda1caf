import { expect, test } from "@jest/globals";
import { replayable, SEED, sized } from "./simulation/seed.ts";
import { simulateYear } from "./simulation/year.ts";

/** 10,000 take hours; the limits of the CA and of Fastly are taken in proportion. */
const DOMAINS = sized("SIMULATED_DOMAINS", 200);
const ROUND_MS = sized("SIMULATED_ROUND_MINUTES", 60) * 60_000;

test.each([
  { lifetimeDays: 90, outageDays: 7, checkMinutes: 720 },
  { lifetimeDays: 64, outageDays: 7, checkMinutes: 720 },
  { lifetimeDays: 45, outageDays: 7, checkMinutes: 720 },
  { lifetimeDays: 160 / 24, outageDays: 2, checkMinutes: 360 },
])(
  `a year of ${DOMAINS} domains whose certificates live for $lifetimeDays days`,
  async ({ lifetimeDays, outageDays, checkMinutes }) => {
    await replayable(SEED, async () => {
      const options = { seed: SEED, domains: DOMAINS, roundMs: ROUND_MS };
      const year = await simulateYear({ ...options, lifetimeDays, outageDays, checkMinutes });
      process.stderr.write(`seed ${SEED}, ${lifetimeDays.toFixed(1)} days: ${JSON.stringify(year)}\n`);

      expect(year.unserved).toEqual([]);
    });
  },
  1_200_000,
);
