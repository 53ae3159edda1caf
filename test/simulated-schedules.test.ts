import { expect, test } from "@jest/globals";
import { replayable, SEED, sized } from "./simulation/seed.ts";
import { SimulatedWorld } from "./simulation/world.ts";

const SCHEDULES = sized("SIMULATED_SCHEDULES", 100);
const DOMAINS = ["a.one.test", "b.two.test", "c.three.test"];
const MOST_COPIES = 5;
const LONGEST_DELAY_MS = 60_000;

test(`${SCHEDULES} schedules of messages, each delivered 1 to ${MOST_COPIES} times and in any order, make one certificate a domain`, async () => {
  let deliveries = 0;
  let leftBehind = 0;
  for (let number = 0; number < SCHEDULES; number++) {
    const seed = (SEED + number) % 2 ** 31;
    await replayable(seed, async () => {
      const world = new SimulatedWorld({ seed });
      const { pubsub, ca, clock, random } = world;
      pubsub.schedule = () =>
        Array.from({ length: 1 + Math.floor(random() * MOST_COPIES) }, () => random() * LONGEST_DELAY_MS);
      await clock.run(Promise.all(DOMAINS.map((domain) => world.register(domain))));
      await clock.run(pubsub.idle());

      expect(pubsub.deadLetters).toEqual([]);
      expect([...ca.finalized].sort()).toEqual(DOMAINS);
      expect(await world.unserved()).toEqual([]);
      const { keys, certificates, activations } = world.fastly;
      expect([keys.length, certificates.length, activations.length]).toEqual([3, 3, 3]);
      deliveries += pubsub.deliveries;
      leftBehind += ca.newOrders.length - ca.finalized.length;
    });
  }
  process.stderr.write(
    `seed ${SEED}: ${SCHEDULES} schedules, ${deliveries} deliveries, ${leftBehind} ACME orders left behind\n`,
  );
  expect(leftBehind).toBe(0);
}, 600_000);

test("the same seed makes the same history", async () => {
  const histories: unknown[] = [];
  for (let run = 0; run < 2; run++) {
    await replayable(SEED, async () => {
      const world = new SimulatedWorld({ seed: SEED });
      world.network.failEverywhere({ errors: 0.1, timeouts: 0.1, lostReplies: 0.05 });
      await world.clock.run(
        Promise.all(DOMAINS.map((domain) => world.register(domain).catch(() => undefined))),
      );
      await world.clock.run(world.pubsub.idle());
      histories.push([world.clock.now(), world.network.calls, world.network.met, world.ca.calls]);
    });
  }
  expect(histories[0]).toEqual(histories[1]);
});
