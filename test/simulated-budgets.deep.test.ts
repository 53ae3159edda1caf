import { expect, test } from "@jest/globals";
import { ProblemError } from "../runtime/workloads/domain-api/problem.ts";
import { replayable, SEED, sized } from "./simulation/seed.ts";
import { LETS_ENCRYPT } from "./simulation/simulated-ca.ts";
import { SimulatedWorld } from "./simulation/world.ts";

const DOMAINS = sized("SIMULATED_DOMAINS", 500);
const ALICE = "alice@customers.example";
const BOB = "bob@customers.example";
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const LIMIT_MS = 48 * HOUR_MS;
/** A round of the watcher, and what an order takes. */
const UNHURRIED_MS = 3 * MINUTE_MS;

/** The published limits, and budgets below them. */
function limitedWorld(): SimulatedWorld {
  return new SimulatedWorld({
    seed: SEED,
    isDirect: true,
    caLimits: LETS_ENCRYPT,
    fastlyWritesPerHour: 1_000,
    budgetLimits: {},
  });
}

/** As a client that comes again when it is told to. @returns how often it was told */
async function register(world: SimulatedWorld, domain: string, customer: string): Promise<number> {
  for (let told = 0; ; told++) {
    try {
      await world.register(domain, customer);
      return told;
    } catch (error) {
      if (!(error instanceof ProblemError) || error.code !== "over-share") throw error;
      await world.clock.sleep(Number(error.options.headers?.["retry-after"]) * 1_000);
    }
  }
}

/** How long it takes until a new domain of Bob's is served, each half hour, until `isOver`. */
async function bobsTimes(world: SimulatedWorld, isOver: () => boolean): Promise<readonly number[]> {
  const times: number[] = [];
  while (!isOver()) {
    const domain = `www.his-${times.length}.test`;
    const started = world.clock.monotonicMs();
    await register(world, domain, BOB);
    while (!world.fastly.served(domain)) await world.clock.sleep(1_000);
    times.push(world.clock.monotonicMs() - started);
    await world.clock.sleep(HOUR_MS / 2);
  }
  return times;
}

const hers = Array.from({ length: DOMAINS }, (_, index) => `www.hers-${index}.test`);

test(`${DOMAINS} registrations of one customer, and their removal, leave another's next one unhurried`, async () => {
  await replayable(SEED, async () => {
    const world = limitedWorld();
    const { clock, fastly, ca, pubsub } = world;
    const started = clock.monotonicMs();
    let told = 0;
    let isOver = false;
    let registeredMs = 0;
    const mine = async () => {
      const answers = await Promise.all(hers.map((domain) => register(world, domain, ALICE)));
      told = answers.reduce((sum, count) => sum + count, 0);
      while (hers.some((domain) => !fastly.served(domain))) await clock.sleep(MINUTE_MS);
      registeredMs = clock.monotonicMs() - started;
      await Promise.all(hers.map((domain) => world.remove(domain, ALICE)));
      while (hers.some((domain) => fastly.served(domain))) await clock.sleep(MINUTE_MS);
      isOver = true;
    };
    const [, his] = await clock.run(
      Promise.all([mine(), bobsTimes(world, () => isOver), world.live(() => isOver)]),
      LIMIT_MS,
    );
    await clock.run(pubsub.idle());
    process.stderr.write(
      `seed ${SEED}: ${DOMAINS} registered in ${(registeredMs / HOUR_MS).toFixed(1)} h and told to wait ${told} times, ` +
        `removed after ${((clock.monotonicMs() - started) / HOUR_MS).toFixed(1)} h; another's ${his.length} in ${Math.max(...his) / 1_000} s at most; ` +
        `${Math.max(...fastly.writes.map(({ count }) => count))} writes in the busiest hour\n`,
    );

    expect(told).toBeGreaterThan(0);
    expect(his.length).toBeGreaterThan(5);
    expect(Math.max(...his)).toBeLessThan(UNHURRIED_MS);
    expect(fastly.refused).toBe(0);
    expect(ca.limited).toEqual([]);
    expect(pubsub.deadLetters).toEqual([]);
    expect(fastly.domains).toHaveLength(his.length);
  });
});
