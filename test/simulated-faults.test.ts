import { expect, test } from "@jest/globals";
import { newestUsable } from "../runtime/certificates/backup/newest-usable.ts";
import type { FaultRates } from "./simulation/network.ts";
import { replayable, SEED, sized } from "./simulation/seed.ts";
import { SimulatedWorld } from "./simulation/world.ts";

const RATES: FaultRates = { errors: 0.1, timeouts: 0.1, lostReplies: 0.05 };
const DOMAINS = sized("SIMULATED_DOMAINS", 100);
const HOUR_MS = 3_600_000;
const LIMIT_MS = 7 * 24 * HOUR_MS;
const WORKERS = 50;
/** Attempts of one order number that may each leave an ACME order behind. */
const MOST_ATTEMPTS = 3;

test(`${DOMAINS} domains all get their one certificate, though a quarter of all calls fail`, async () => {
  await replayable(SEED, async () => {
    const world = new SimulatedWorld({ seed: SEED });
    const { clock, network, pubsub, ca, fastly, random } = world;
    network.failEverywhere(RATES);
    const customers = names(DOMAINS).map(async (domain) => {
      await clock.sleep(random() * HOUR_MS);
      await world.insist(() => world.register(domain));
    });
    await clock.run(
      Promise.all([...customers, world.live(async () => (await world.unserved(DOMAINS)).length === 0)]),
      LIMIT_MS,
    );
    await clock.run(pubsub.idle(), LIMIT_MS);
    const took = (clock.monotonicMs() - new SimulatedWorld({ seed: SEED }).clock.monotonicMs()) / HOUR_MS;
    const orders = await orderNumbers(world);
    process.stderr.write(
      `seed ${SEED}: ${DOMAINS} domains served after ${took.toFixed(1)} h, ${network.calls} calls, ${JSON.stringify(network.met)}, ` +
        `${orders} orders, ${ca.newOrders.length} ACME orders, ${ca.finalized.length} finalised, ${pubsub.deadLetters.length} dead letters, ${world.missedRounds} rounds missed\n`,
    );

    expect(ca.finalized.length).toBeLessThanOrEqual(orders);
    expect(ca.newOrders.length).toBeLessThanOrEqual(MOST_ATTEMPTS * orders);
    const counts = [fastly.keys.length, fastly.certificates.length, fastly.activations.length];
    expect(counts).toEqual([DOMAINS, DOMAINS, DOMAINS]);
    network.rates.clear();
    const { backups } = world.wiring.issuer();
    for (const domain of names(DOMAINS)) {
      const { backup } = await clock.run(newestUsable(backups, domain, clock.now()));
      expect(backup?.leaf.serialNumber).toBe(fastly.served(domain)?.serialNumber);
    }
  });
}, 600_000);

test(`${WORKERS} workers on one domain make one order`, async () => {
  await replayable(SEED, async () => {
    const world = new SimulatedWorld({ seed: SEED });
    const { clock, pubsub, ca } = world;
    const [domain = ""] = names(1);
    pubsub.schedule = ({ topic }) => (topic === "issuing" ? [] : [0]);
    await clock.run(world.register(domain));
    await clock.run(pubsub.idle());
    const data = { action: "issue", domain, orderNumber: 1 };
    const outcomes = await clock.run(
      Promise.all(
        Array.from({ length: WORKERS }, () => pubsub.deliver(world.issuer(), { data, attributes: {} })),
      ),
    );

    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(["done"]));
    expect([ca.newOrders.length, ca.finalized.length]).toEqual([1, 1]);
    expect(await world.unserved(1)).toEqual([]);
  });
});

/** Of as many registered domains. */
function names(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `www.shop-${index}.test`);
}

/** Orders of all domains, each with its own number. */
async function orderNumbers(world: SimulatedWorld): Promise<number> {
  return (await world.records()).reduce((sum, { orderNumber }) => sum + orderNumber, 0);
}
