import { describe, expect, test } from "@jest/globals";
import { newestUsable } from "../runtime/certificates/backup/newest-usable.ts";
import type { Issuing } from "../runtime/certificates/messages.ts";
import { change } from "../runtime/certificates/registry/change.ts";
import { renew } from "../runtime/certificates/registry/transitions.ts";
import type { Outcome } from "../runtime/workload/outcome.ts";
import { type Crash, Life } from "../runtime/workloads/certificate-issuer/testing/life.ts";
import type { Subscriber } from "./simulation/pubsub.ts";
import { replayable, SEED } from "./simulation/seed.ts";
import { SimulatedWorld } from "./simulation/world.ts";

const DOMAIN = "www.shop.test";
const OTHER = "www.other.test";
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Enough to go past the last call of each. */
const MOST_CALLS = 150;
const MOST_REDELIVERIES = 2;
/** Whatever lease a dead process left is over. */
const LEASE_MS = 21_000;

interface Work {
  readonly data: unknown;
  readonly process: (world: SimulatedWorld, life?: Life) => Subscriber;
  readonly prepare: (world: SimulatedWorld) => Promise<void>;
  readonly check: (world: SimulatedWorld) => Promise<void>;
  /** Fewer would mean that the test does not see them. */
  readonly leastCalls: number;
}

/** One certificate, which is served, backed up with its key, and alone at Fastly. */
function isServed(orders: number) {
  return async (world: SimulatedWorld): Promise<void> => {
    const { fastly, ca, clock } = world;
    await clock.run(world.pubsub.idle());
    expect(await world.unserved()).toEqual([]);
    const counts = [fastly.keys.length, fastly.certificates.length, fastly.activations.length];
    expect({ counts, finalized: ca.finalized.length }).toEqual({ counts: [1, 1, 1], finalized: orders });
    const { backup } = await clock.run(newestUsable(world.wiring.issuer().backups, DOMAIN, clock.now()));
    expect(backup?.leaf.serialNumber).toBe(fastly.served(DOMAIN)?.serialNumber);
    expect(world.storage.bucket("challenges").names).toEqual([]);
  };
}

async function isGone({ fastly, storage }: SimulatedWorld): Promise<void> {
  expect([fastly.keys, fastly.certificates, fastly.activations, fastly.domains]).toEqual([[], [], [], []]);
  const left = storage.bucket("registry").names.filter((name) => /^(domains|orders)\//.test(name));
  expect(left).toEqual([]);
  expect(storage.bucket("backups").names).toContain(`certificates/${DOMAIN}/00000001.json`);
}

const ISSUE: Issuing = { action: "issue", domain: DOMAIN, orderNumber: 1 };
const checker: Work["process"] = (world, life) => world.checker(life);
const issuer: Work["process"] = (world, life) => world.issuer(life);

const WORK: Readonly<Record<string, Work>> = {
  validator: {
    data: { domain: DOMAIN, orderNumber: 1 },
    process: (world, life) => world.validator(life),
    prepare: async (world) => {
      await withoutMessages(world, "validation", () => world.register(DOMAIN));
    },
    check: isServed(1),
    leastCalls: 10,
  },
  "issuer of a first order": {
    data: ISSUE,
    process: issuer,
    prepare: async (world) => {
      await withoutMessages(world, "issuing", () => world.register(DOMAIN));
    },
    check: isServed(1),
    leastCalls: 35,
  },
  "issuer of a renewal": {
    data: { ...ISSUE, orderNumber: 2 },
    process: issuer,
    prepare: async (world) => {
      await active(world);
      await world.clock.run(world.clock.sleep(61 * DAY_MS));
      await change(world.registry, DOMAIN, (record) => renew(record, world.clock.now()));
    },
    check: isServed(2),
    leastCalls: 40,
  },
  "issuer of a restore": {
    data: { ...ISSUE, action: "restore" },
    process: issuer,
    prepare: async (world) => {
      await active(world);
      for (const list of [world.fastly.activations, world.fastly.certificates, world.fastly.keys])
        list.length = 0;
    },
    check: isServed(1),
    leastCalls: 15,
  },
  "checker that starts a renewal": {
    data: { domain: DOMAIN },
    process: checker,
    prepare: async (world) => {
      await active(world);
      await world.clock.run(world.clock.sleep(80 * DAY_MS));
    },
    check: (world) => afterARound(world, isServed(2)),
    leastCalls: 8,
  },
  "checker that tries again": {
    data: { domain: DOMAIN },
    process: checker,
    prepare: async (world) => {
      world.wiring.away.add(DOMAIN);
      await active(world);
      world.wiring.away.clear();
      await world.clock.run(world.clock.sleep(HOUR_MS));
    },
    check: (world) => afterARound(world, isServed(1)),
    leastCalls: 5,
  },
  "checker that sends on what fell silent": {
    data: { domain: DOMAIN },
    process: checker,
    prepare: async (world) => {
      await withoutMessages(world, "issuing", () => world.register(DOMAIN));
      await world.clock.run(world.clock.sleep(HOUR_MS));
    },
    check: (world) => afterARound(world, isServed(1)),
    leastCalls: 3,
  },
  watcher: {
    data: {},
    process: (world, life) => {
      const watch = world.watcher(life);
      return { deadlineMs: HOUR_MS, handle: async () => watch().then(() => ({ kind: "done" })) };
    },
    prepare: async (world) => {
      await active(world);
      await withoutMessages(world, "issuing", () => world.register(OTHER));
      await world.clock.run(world.clock.sleep(80 * DAY_MS));
    },
    check: (world) =>
      afterARound(world, async () => {
        expect(await world.unserved(2)).toEqual([]);
        expect(world.ca.finalized.sort()).toEqual([OTHER, DOMAIN, DOMAIN].sort());
      }),
    leastCalls: 3,
  },
  remover: {
    data: { ...ISSUE, action: "remove" },
    process: issuer,
    prepare: async (world) => {
      await active(world);
      await withoutMessages(world, "issuing", () => world.remove(DOMAIN));
    },
    check: isGone,
    leastCalls: 25,
  },
};

describe.each(Object.entries(WORK))("the %s, killed right", (_name, work) => {
  test.each(["before", "after"] as const)(
    "%s any call, is made good by a redelivery or two",
    async (when) => {
      await replayable(SEED, async () => {
        const calls = await killedAtEachCall(work, when);
        expect(calls).toBeGreaterThanOrEqual(work.leastCalls);
      });
    },
  );
});

/** @returns after how many calls there is none left to be killed at */
async function killedAtEachCall(work: Work, when: Crash["when"]): Promise<number> {
  for (let at = 1; at <= MOST_CALLS; at++) {
    const world = new SimulatedWorld({ seed: SEED });
    await work.prepare(world);
    const life = new Life({ at, when });
    const outcome = await world.clock.run(Promise.race([deliver(world, work, life), life.died]));
    if (outcome !== "died") {
      expect(outcome).toEqual({ kind: "done" });
      await work.check(world);
      return at - 1;
    }
    const redeliveries = await untilDone(world, work);
    expect({ at, redeliveries }).toEqual({ at, redeliveries: expect.any(Number) });
    expect(redeliveries).toBeLessThanOrEqual(MOST_REDELIVERIES);
    await work.check(world);
  }
  throw new Error(`There are more than ${MOST_CALLS} calls.`);
}

/** @returns how often it is delivered, once the dead one's lease is over, until it is done */
async function untilDone(world: SimulatedWorld, work: Work): Promise<number> {
  for (let count = 1; count <= MOST_REDELIVERIES; count++) {
    await world.clock.run(world.clock.sleep(LEASE_MS));
    const { kind } = await world.clock.run(deliver(world, work));
    if (kind === "done") return count;
  }
  return Number.POSITIVE_INFINITY;
}

function deliver(world: SimulatedWorld, { process, data }: Work, life?: Life): Promise<Outcome> {
  const message = { data, attributes: { customer: "customer@example.test" } };
  return world.pubsub.deliver(process(world, life), message);
}

/** What is begun and not told is begun again by the watcher, within its interval. */
async function afterARound(
  world: SimulatedWorld,
  check: (world: SimulatedWorld) => Promise<void>,
): Promise<void> {
  const ends = world.clock.monotonicMs() + DAY_MS;
  await world.clock.run(world.live(() => world.clock.monotonicMs() > ends, 10 * MINUTE_MS));
  await world.clock.run(world.pubsub.idle());
  await check(world);
}

async function active(world: SimulatedWorld): Promise<void> {
  await world.clock.run(world.register(DOMAIN));
  await world.clock.run(world.pubsub.idle());
}

/** The test delivers those itself. */
async function withoutMessages(
  world: SimulatedWorld,
  topic: string,
  act: () => Promise<unknown>,
): Promise<void> {
  world.pubsub.schedule = (message) => (message.topic === topic ? [] : [0]);
  await world.clock.run(act());
  await world.clock.run(world.pubsub.idle());
  world.pubsub.schedule = () => [0];
}
