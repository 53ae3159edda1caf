import { expect, test } from "@jest/globals";
import { limitsSchema, ratesOf, WRITES } from "./limits.ts";
import { type CrowdOptions, servedAnHour } from "./testing/crowd.ts";
import { BudgetWorld } from "./testing/world.ts";

const RECALL: CrowdOptions = { instances: 8, domains: 800, works: ["ari-renewal", "cleaning"], hours: 4 };

/** Of what could be done: the rest is for chance. */
const LEAST_PART = 0.9;

test("after a mass revocation, eight instances spend what flows in for renewals", async () => {
  const flowsIn = ratesOf(limitsSchema.parse({})).renewalWrites.perHour;
  const most = flowsIn / (WRITES["ari-renewal"] + WRITES.cleaning);
  expect(await servedAnHour(new BudgetWorld(), RECALL)).toBeGreaterThan(LEAST_PART * most);
});

test.each<Pick<CrowdOptions, "works">>([
  { works: ["ari-renewal", "cleaning"] },
  { works: ["renewal", "cleaning"] },
  { works: ["validation", "first-order"] },
])(
  "eight instances get no less done of $works than one does",
  async ({ works }) => {
    const one = await servedAnHour(new BudgetWorld(), { ...RECALL, works, instances: 1 });
    const eight = await servedAnHour(new BudgetWorld(), { ...RECALL, works });
    expect(eight).toBeGreaterThan(LEAST_PART * one);
  },
  60_000,
);
