import { describe, expect, test } from "@jest/globals";
import { change } from "../runtime/certificates/registry/change.ts";
import { renew } from "../runtime/certificates/registry/transitions.ts";
import { DEPENDENCIES, type Dependency } from "./simulation/network.ts";
import { replayable, SEED } from "./simulation/seed.ts";
import { LETS_ENCRYPT } from "./simulation/simulated-ca.ts";
import { SimulatedWorld } from "./simulation/world.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const OUTAGE_MS = 2 * HOUR_MS;
/** What waits longest after an outage is tried again within as long as the outage was, and a margin. */
const RECOVERY_MS = 6 * HOUR_MS;
/** Longer than any of the flows takes on a good day. */
const SOON_MS = 20 * MINUTE_MS;

const SERVED = ["www.one.test", "www.two.test", "www.three.test"];
const NEW = "www.new.test";
const RENEWED = "www.one.test";
const REMOVED = "www.three.test";

/** Which flows do without a dependency, and are to be done as soon as on any other day. */
const UNTOUCHED: Readonly<Record<Dependency, readonly Flow[]>> = {
  ca: ["register", "remove"],
  kms: ["register", "remove"],
  fastly: ["register"],
  pubsub: [],
  storage: [],
};
type Flow = "register" | "remove" | "renew" | "issue";

describe.each(DEPENDENCIES)("%s down for two hours", (dependency) => {
  test("leaves the flows that do without it as they are, all sites served, and nothing to mend by hand", async () => {
    await replayable(SEED, async () => {
      const world = new SimulatedWorld({ seed: SEED });
      const { clock, network, fastly, ca, pubsub } = world;
      await clock.run(Promise.all(SERVED.map((domain) => world.register(domain))));
      await clock.run(pubsub.idle());
      const before = SERVED.map((domain) => fastly.served(domain)?.serialNumber);
      const start = clock.monotonicMs();
      const until = (ms: number) => () => clock.monotonicMs() >= start + ms;

      network.down.add(dependency);
      const asked = [
        world.insist(() => world.register(NEW)),
        world.insist(() => world.remove(REMOVED)),
        world.insist(() => change(world.registry, RENEWED, (record) => renew(record, clock.now()))),
      ];
      await clock.run(world.live(until(SOON_MS)));
      const doneSoon = await flowsDone(world, before);
      expect(doneSoon).toEqual(expect.arrayContaining([...UNTOUCHED[dependency]]));
      await clock.run(world.live(until(OUTAGE_MS)));
      for (const domain of SERVED.slice(0, 2)) expect(fastly.served(domain)).toBeDefined();

      network.down.clear();
      await clock.run(Promise.all(asked));
      await clock.run(world.live(until(OUTAGE_MS + RECOVERY_MS)));
      expect([...(await flowsDone(world, before))].sort()).toEqual(["issue", "register", "remove", "renew"]);
      expect(await world.unserved(3)).toEqual([]);
      expect(ca.finalized).toHaveLength(SERVED.length + 2);
      expect([fastly.keys.length, fastly.certificates.length, fastly.activations.length]).toEqual([3, 3, 3]);
    });
  });
});

test("ten times the usual registrations at once are drained within the limits, and renewals don't wait for them", async () => {
  await replayable(SEED, async () => {
    const world = new SimulatedWorld({
      seed: SEED,
      caLimits: LETS_ENCRYPT,
      fastlyWritesPerHour: 1_000,
      budgetLimits: { registrationsPerHour: 1_000 },
    });
    const { clock, fastly, ca } = world;
    const burst = Array.from({ length: 400 }, (_, index) => `www.burst-${index}.test`);
    await clock.run(world.register(RENEWED, "another@example.test"));
    await clock.run(world.pubsub.idle());
    const before = fastly.served(RENEWED)?.serialNumber;
    const start = clock.monotonicMs();

    const asked = burst.map((domain) => world.insist(() => world.register(domain)));
    await clock.run(world.live(() => clock.monotonicMs() >= start + SOON_MS));
    await change(world.registry, RENEWED, (record) => renew(record, clock.now()));
    await clock.run(world.live(() => clock.monotonicMs() >= start + 3 * SOON_MS));
    expect(fastly.served(RENEWED)?.serialNumber).not.toBe(before);

    const isDrained = async () => (await world.unserved(burst.length + 1)).length === 0;
    await clock.run(Promise.all([...asked, world.live(isDrained)]), 24 * HOUR_MS);
    const hours = (clock.monotonicMs() - start) / HOUR_MS;
    const most = Math.max(...fastly.writes.map(({ count }) => count));
    process.stderr.write(
      `seed ${SEED}: ${burst.length} at once drained in ${hours.toFixed(1)} h, ${most} writes an hour at most\n`,
    );
    expect([fastly.refused, ca.limited]).toEqual([0, []]);
  });
});

/** What of the four flows has come to its end. */
async function flowsDone(
  world: SimulatedWorld,
  before: readonly (string | undefined)[],
): Promise<readonly Flow[]> {
  const records = await world.records();
  const recordOf = (domain: string) => records.find((record) => record.domain === domain);
  const served = world.fastly.served(RENEWED)?.serialNumber;
  const done: readonly [Flow, boolean][] = [
    ["register", recordOf(NEW) !== undefined],
    ["issue", recordOf(NEW)?.lifecycle === "active"],
    ["remove", recordOf(REMOVED) === undefined],
    ["renew", recordOf(RENEWED)?.lifecycle === "active" && !before.includes(served)],
  ];
  return done.filter(([, isDone]) => isDone).map(([flow]) => flow);
}
