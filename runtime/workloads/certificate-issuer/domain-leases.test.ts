import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { MemoryObjectStore } from "../../google/testing/memory-object-store.ts";
import { SYSTEM_CLOCK } from "../../workload/clock.ts";
import { DomainLeases, type Lease, type LeaseRequest, type LeaseResult } from "./domain-leases.ts";

const DOMAIN = "shop.example.test";

let objects: MemoryObjectStore;
let now: number;
let leases: DomainLeases;

beforeEach(() => {
  objects = new MemoryObjectStore();
  now = Date.now();
  leases = new DomainLeases(objects, { ...SYSTEM_CLOCK, now: () => new Date(now) });
});

function ask(owner: string, change: Partial<LeaseRequest> = {}): Promise<LeaseResult> {
  return leases.acquire(DOMAIN, {
    owner,
    stillNeeded: async () => true,
    isFinished: async () => false,
    signal: new AbortController().signal,
    ...change,
  });
}

async function held(result: Promise<LeaseResult>): Promise<Lease> {
  const settled = await result;
  if (settled.kind !== "held") throw new Error(`The lease is ${settled.kind}.`);
  return settled.lease;
}

test("of many who ask at once one gets the lease; the next gets it as soon as it is released", async () => {
  let inside = 0;
  let most = 0;
  await Promise.all(
    ["a", "b", "c"].map(async (owner) => {
      const lease = await held(ask(owner));
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
      await lease.release();
    }),
  );
  expect(most).toBe(1);
  expect(objects.names).toEqual([]);
});

test("outlives its owner by the lease's time and no longer", async () => {
  (await held(ask("dead"))).leave();
  now += 20_001;
  const lease = await held(ask("next"));
  expect((await objects.read(`leases/${DOMAIN}.json`))?.bytes.toString()).toContain('"owner":"next"');
  await lease.release();
});

test("does not outlive its owner by more because the clock was set back", async () => {
  (await held(ask("dead"))).leave();
  now -= 3_600_000;
  const lease = await held(ask("next"));
  await lease.release();
});

test("is free when its journal shows the holder's work as finished, though never released", async () => {
  (await held(ask("first", { orderNumber: 4 }))).leave();
  const lease = await held(ask("next", { isFinished: async ({ orderNumber }) => orderNumber === 4 }));
  await lease.release();
});

test("does not wait for work that somebody else has done", async () => {
  const lease = await held(ask("first"));
  expect(await ask("second", { stillNeeded: async () => false })).toEqual({ kind: "not-needed" });
  await lease.release();
});

test("turns away more waiters than it has room for", async () => {
  const lease = await held(ask("first"));
  const abort = new AbortController();
  const waiting = Array.from({ length: 10 }, (_, index) => ask(`w${index}`, { signal: abort.signal }));
  expect(await ask("one too many")).toMatchObject({ kind: "busy" });
  abort.abort();
  const ends = await Promise.allSettled(waiting);
  expect(ends.every(({ status }) => status === "rejected")).toBe(true);
  await lease.release();
});

test("gives up in time on a lease that others release and take again under its eyes", async () => {
  const lease = await held(ask("first"));
  let looks = 0;
  objects.read = async () => {
    if (++looks > 2) throw new Error("It went on looking.");
    now += 13_000;
    return undefined;
  };
  expect(await ask("second")).toMatchObject({ kind: "busy", until: new Date(now + 20_000).toISOString() });
  expect(looks).toBe(2);
  lease.leave();
});

test("does not take another's lease away when an old owner releases", async () => {
  const old = await held(ask("old"));
  now += 20_001;
  const lease = await held(ask("new"));
  await old.release();
  expect(objects.names).toEqual([`leases/${DOMAIN}.json`]);
  await lease.release();
  expect(objects.names).toEqual([]);
});

describe("with a Storage that is slow", () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask", "setImmediate"] });
    leases = new DomainLeases(objects);
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  /** Each writing call takes effect at its end. */
  function slow(durationsMs: readonly number[]): { readonly atOnce: () => number } {
    const replace = objects.replace.bind(objects);
    let calls = 0;
    let running = 0;
    let most = 0;
    objects.replace = async (...args) => {
      most = Math.max(most, ++running);
      const duration = durationsMs[Math.min(calls++, durationsMs.length - 1)];
      await new Promise((resolve) => setTimeout(resolve, duration));
      running--;
      return replace(...args);
    };
    return { atOnce: () => most };
  }

  test("renews one time after the other, and keeps the lease", async () => {
    const { atOnce } = slow([7_000]);
    const lease = await held(ask("owner"));
    await jest.advanceTimersByTimeAsync(60_000);
    expect(lease.signal.aborted).toBe(false);
    expect(atOnce()).toBe(1);
    lease.leave();
  });

  test("stops its owner no later than others may take the lease", async () => {
    slow([10_000, 3_600_000]);
    const lease = await held(ask("owner"));
    await jest.advanceTimersByTimeAsync(17_000);
    const found = await objects.read(`leases/${DOMAIN}.json`);
    const expiresAt = Date.parse(JSON.parse(found?.bytes.toString() ?? "{}").expiresAt);
    const left = expiresAt - Date.now();
    expect(left).toBeGreaterThan(0);
    await jest.advanceTimersByTimeAsync(left - 1);
    expect(lease.signal.aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(lease.signal.aborted).toBe(true);
  });

  test("is gone once released, though a renewal was under way", async () => {
    slow([2_000]);
    const remove = objects.remove.bind(objects);
    objects.remove = async (...args) => {
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      return remove(...args);
    };
    const lease = await held(ask("owner"));
    await jest.advanceTimersByTimeAsync(7_000);
    const released = lease.release();
    await jest.advanceTimersByTimeAsync(5_000);
    await released;
    expect(objects.names).toEqual([]);
  });
});
