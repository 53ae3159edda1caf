import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { MemoryObjectStore } from "../../google/testing/memory-object-store.ts";
import { openRegistry } from "./bucket-registry.ts";
import { change, RecordContended } from "./change.ts";
import { silentAt } from "./due.ts";
import type { DomainRecord, JournalEntry, Phase } from "./lifecycle.ts";
import type { Registry } from "./registry.ts";
import { hasReached, needsJournal, stateOf } from "./state.ts";
import {
  activate,
  fail,
  leaveUnrestored,
  pause,
  postpone,
  refuse,
  register,
  renew,
  resend,
  restore,
  retry,
  standing,
  startRemoval,
  type Transition,
  takeOver,
  takeOverProven,
} from "./transitions.ts";
import { viewOf } from "./view.ts";

const DOMAIN = "shop.example.test";
const AT = new Date("2026-11-01T12:00:00Z");
const LATER = new Date("2026-11-01T13:00:00Z");
const NOT_AFTER = "2027-01-30T00:00:00.000Z";
const CERTIFICATE = { notAfter: NOT_AFTER, version: "00000002", ca: "lets-encrypt" };
const FAILURE = { reason: "It leads elsewhere." };
const DAY_MS = 86_400_000;

const registered = register(DOMAIN, "alice", 2, AT);
const records: Readonly<Record<DomainRecord["lifecycle"], DomainRecord>> = {
  registered,
  active: { ...registered, dueAt: undefined, lifecycle: "active", ...CERTIFICATE },
  renewing: { ...registered, lifecycle: "renewing", ...CERTIFICATE },
  paused: { ...registered, dueAt: undefined, lifecycle: "paused", reason: "It left." },
  failed: { ...registered, lifecycle: "failed", reason: "The CA is busy.", retryAt: LATER.toISOString() },
  removing: { ...registered, lifecycle: "removing" },
};
const entry = (phase: Phase): JournalEntry => ({ phase, at: AT.toISOString(), detail: {} });

/** The registry, with some of its methods replaced. */
const altered = (registry: Registry, changes: Partial<Registry>): Registry =>
  new Proxy(registry, {
    get: (target, name) => {
      const value: unknown = Reflect.get(changes, name) ?? Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

/** The record that a transition makes. */
function changed(transition: Transition): DomainRecord {
  if (transition.kind !== "changed") throw new Error(`It is ${transition.kind}.`);
  return transition.record;
}

/** What becomes of a record: its next lifecycle and order, or why there is none. */
const became = (transition: Transition) =>
  transition.kind === "changed"
    ? `${transition.record.lifecycle} ${transition.record.orderNumber}`
    : transition.kind;

const STATES = ["registered", "active", "renewing", "failed", "paused", "removing"] as const;

test.each<[string, (record: DomainRecord) => Transition, readonly string[]]>([
  [
    "retry",
    (record) => retry(record, [], LATER),
    ["unchanged", "unchanged", "unchanged", "registered 3", "registered 3", "overtaken"],
  ],
  [
    "retry of a live certificate's order",
    (record) => retry(record, [entry("active")], LATER),
    ["unchanged", "unchanged", "unchanged", "unchanged", "registered 3", "overtaken"],
  ],
  [
    "renewal",
    (record) => renew(record, LATER),
    ["overtaken", "renewing 3", "unchanged", "overtaken", "overtaken", "overtaken"],
  ],
  [
    "take-over",
    (record) => takeOver(record, "bob", LATER),
    ["overtaken", "overtaken", "overtaken", "registered 3", "registered 3", "overtaken"],
  ],
  [
    "take-over with proof",
    (record) => takeOverProven(record, "bob", LATER),
    ["registered 3", "registered 3", "registered 3", "registered 3", "registered 3", "overtaken"],
  ],
  [
    "removal",
    (record) => startRemoval(record, LATER),
    ["removing 2", "removing 2", "removing 2", "removing 2", "removing 2", "unchanged"],
  ],
  [
    "refusal",
    (record) => refuse(record, [entry("validating")], 2, FAILURE, LATER),
    ["failed 2", "overtaken", "active 2", "overtaken", "overtaken", "overtaken"],
  ],
  [
    "refusal of what was found fit",
    (record) => refuse(record, [entry("validated")], 2, FAILURE, LATER),
    ["overtaken", "overtaken", "overtaken", "overtaken", "overtaken", "overtaken"],
  ],
  [
    "failure",
    (record) => fail(record, [entry("finalizing")], 2, FAILURE, LATER),
    ["failed 2", "overtaken", "active 2", "overtaken", "overtaken", "overtaken"],
  ],
  [
    "failure of what is live",
    (record) => fail(record, [entry("active")], 2, FAILURE, LATER),
    ["overtaken", "overtaken", "overtaken", "overtaken", "overtaken", "overtaken"],
  ],
  [
    "failure of an earlier order",
    (record) => fail(record, [], 1, FAILURE, LATER),
    ["overtaken", "overtaken", "overtaken", "overtaken", "overtaken", "overtaken"],
  ],
  [
    "postponement",
    (record) => postpone(record, LATER, undefined, LATER),
    ["registered 2", "overtaken", "renewing 2", "overtaken", "overtaken", "removing 2"],
  ],
  [
    "sending again",
    (record) => resend(record, LATER),
    ["registered 2", "unchanged", "renewing 2", "unchanged", "unchanged", "removing 2"],
  ],
  [
    "sending again before it is due",
    (record) => resend(record, AT),
    ["unchanged", "unchanged", "unchanged", "unchanged", "unchanged", "unchanged"],
  ],
  [
    "pause",
    (record) => pause(record, "It left.", LATER),
    ["overtaken", "paused 2", "overtaken", "overtaken", "unchanged", "overtaken"],
  ],
  [
    "activation",
    (record) => activate(record, 2, CERTIFICATE, LATER),
    ["active 2", "unchanged", "active 2", "active 2", "active 2", "overtaken"],
  ],
  [
    "activation of an earlier order",
    (record) => activate(record, 1, CERTIFICATE, LATER),
    ["registered 2", "unchanged", "unchanged", "failed 2", "paused 2", "overtaken"],
  ],
  [
    "restore",
    (record) => restore(record, CERTIFICATE, LATER),
    ["registered 2", "unchanged", "unchanged", "active 2", "active 2", "overtaken"],
  ],
  [
    "restore that failed",
    (record) => leaveUnrestored(record, "No backup.", LATER),
    ["overtaken", "active 2", "overtaken", "failed 2", "overtaken", "overtaken"],
  ],
])(`%s: what becomes of a record that is ${STATES.join(", ")}`, (_title, transition, expected) => {
  expect(STATES.map((state) => became(transition(records[state])))).toEqual(expected);
});

test("tries a failing domain again after 1, 10 and 100 minutes, and daily, a little apart from others", () => {
  const pauses = (domain: string) => {
    let record = register(domain, "alice", 1, AT);
    return Array.from({ length: 5 }, () => {
      const failed = changed(fail(record, [], record.orderNumber, FAILURE, AT));
      record = changed(retry(failed, [], AT));
      return (Date.parse(failed.dueAt ?? "") - AT.getTime()) / 60_000;
    });
  };
  for (const [index, pause] of pauses(DOMAIN).entries()) {
    const minutes = [1, 10, 100, 1_440, 1_440][index] ?? 0;
    expect(pause).toBeGreaterThanOrEqual(minutes);
    expect(pause).toBeLessThanOrEqual(minutes * 1.2);
  }
  expect(pauses(DOMAIN)).not.toEqual(pauses("other.example.test"));
});

test("waits as long as the CA asks where that is longer than its own pause", () => {
  const retryAt = new Date(AT.getTime() + DAY_MS);
  const { dueAt } = changed(fail(records.registered, [], 2, { ...FAILURE, retryAt }, AT));
  expect(dueAt).toBe(retryAt.toISOString());
});

test("pauses a domain that its owner has not mended for 30 days, and never one that the platform failed", () => {
  const failing = { ...records.registered, failures: 20, failingSince: AT.toISOString() };
  const at = new Date(AT.getTime() + 30 * DAY_MS);
  expect(became(fail(failing, [], 2, { ...FAILURE, isOwners: true }, at))).toBe("paused 2");
  expect(became(fail(failing, [], 2, FAILURE, at))).toBe("failed 2");
  expect(became(fail(failing, [], 2, { ...FAILURE, isOwners: true }, LATER))).toBe("failed 2");
});

test("goes on with the certificate that is served when a paused domain comes back", () => {
  expect(changed(retry({ ...records.paused, ...CERTIFICATE }, [], LATER))).toMatchObject({
    lifecycle: "active",
    orderNumber: 2,
    ...CERTIFICATE,
  });
});

test("forgets failures, and all of the certificate before, once an order's is live", () => {
  const before = { ...CERTIFICATE, certificateId: "aki.serial", version: "00000001" };
  const failing = { failures: 3, failingSince: AT.toISOString(), revocation: "keyCompromise" } as const;
  const renewed = activate({ ...records.renewing, ...before, ...failing }, 2, CERTIFICATE, LATER);
  expect(JSON.parse(JSON.stringify(changed(renewed)))).toEqual({
    domain: DOMAIN,
    customer: "alice",
    lifecycle: "active",
    orderNumber: 2,
    ...CERTIFICATE,
    registeredAt: AT.toISOString(),
    updatedAt: LATER.toISOString(),
  });
});

test("lets no delivery go on with a renewal that has failed", () => {
  const failed = changed(fail(records.renewing, [], 2, FAILURE, LATER));
  expect(standing(DOMAIN, failed, 2, [entry("validated")])).toMatchObject({ kind: "overtaken" });
  expect(standing(DOMAIN, failed, 2, [entry("active")])).toMatchObject({ kind: "current" });
});

test("a certificate that goes live after the next order began is noted, and leaves that order as it is", () => {
  for (const record of [records.registered, records.failed]) {
    expect(activate(record, 1, CERTIFICATE, LATER)).toEqual({
      kind: "changed",
      record: { ...record, ...CERTIFICATE },
    });
  }
});

test("another order starts without what was said of the last, and keeps what is served", () => {
  expect(retry({ ...records.failed, notAfter: NOT_AFTER }, [], LATER)).toEqual({
    kind: "changed",
    record: {
      ...registered,
      orderNumber: 3,
      notAfter: NOT_AFTER,
      dueAt: silentAt(LATER).toISOString(),
      updatedAt: LATER.toISOString(),
    },
  });
});

test("nothing of the former customer's stays with a name that is taken over, nor comes to it later", () => {
  const taken = changed(takeOverProven({ ...records.renewing, failures: 2 }, "bob", LATER));
  expect(taken).toEqual({ ...register(DOMAIN, "bob", 3, LATER), firstOrderNumber: 3 });
  expect(activate(taken, 2, CERTIFICATE, LATER)).toMatchObject({ kind: "overtaken" });
  expect(changed(activate(taken, 3, CERTIFICATE, LATER))).toMatchObject({
    lifecycle: "active",
    customer: "bob",
  });
});

test("what served a customer is not taken over", () => {
  expect(takeOver({ ...records.failed, notAfter: NOT_AFTER }, "bob", LATER)).toMatchObject({
    kind: "overtaken",
  });
});

test("writes the next state of what is there, again after each who was faster, and gives up in the end", async () => {
  const registry = openRegistry(new MemoryObjectStore());
  await registry.create(registered);
  let rivals = 2;
  const contended = altered(registry, {
    update: async (record: DomainRecord, generation: string) => {
      if (rivals-- > 0) await registry.update({ ...record, notAfter: NOT_AFTER }, generation);
      return registry.update(record, generation);
    },
  });
  const removal = () => change(contended, DOMAIN, (record) => startRemoval(record, LATER));
  expect(await removal()).toMatchObject({ kind: "unchanged", record: { notAfter: NOT_AFTER } });

  rivals = Number.POSITIVE_INFINITY;
  const restored = change(contended, DOMAIN, (record) => ({ kind: "changed", record }));
  await expect(restored).rejects.toThrow(new RecordContended(DOMAIN));
});

/** A delivery or a request for a domain, as the workloads make them. */
type Work = (registry: Registry, orderNumber: number) => Promise<unknown>;

const note = (registry: Registry, orderNumber: number, phase: Phase) =>
  registry.append(DOMAIN, orderNumber, entry(phase));
const journal = (registry: Registry, orderNumber: number) => registry.journal(DOMAIN, orderNumber);

const WORKS: Readonly<Record<string, Work>> = {
  fits: (registry, number) => note(registry, number, "validated"),
  refuses: (registry, number) =>
    change(registry, DOMAIN, async (record) =>
      refuse(record, await journal(registry, number), number, FAILURE, LATER),
    ),
  fails: (registry, number) =>
    change(registry, DOMAIN, async (record) =>
      fail(record, await journal(registry, number), number, FAILURE, LATER),
    ),
  activates: async (registry, number) => {
    await note(registry, number, "active");
    await change(registry, DOMAIN, (record) => activate(record, number, CERTIFICATE, LATER));
  },
  restores: (registry) => change(registry, DOMAIN, (record) => restore(record, CERTIFICATE, LATER)),
  renews: (registry) => change(registry, DOMAIN, (record) => renew(record, LATER)),
  retries: (registry) =>
    change(registry, DOMAIN, async (record) =>
      retry(record, await journal(registry, record.orderNumber), LATER),
    ),
};

const isLive = ({ lifecycle }: DomainRecord) => lifecycle === "active" || lifecycle === "renewing";

test("whatever deliveries of whatever orders meet, none takes a live certificate's domain back", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(
        fc.record({ work: fc.constantFrom(...Object.keys(WORKS)), number: fc.integer({ min: 1, max: 3 }) }),
        {
          maxLength: 8,
        },
      ),
      async (scheduler, deliveries) => {
        const registry = openRegistry(new MemoryObjectStore());
        await registry.create(register(DOMAIN, "alice", 1, AT));
        const writes: DomainRecord[] = [register(DOMAIN, "alice", 1, AT)];
        const scheduled = altered(registry, {
          find: scheduler.scheduleFunction(registry.find.bind(registry)),
          journal: scheduler.scheduleFunction(registry.journal.bind(registry)),
          append: scheduler.scheduleFunction(registry.append.bind(registry)),
          update: scheduler.scheduleFunction(async (record: DomainRecord, generation: string) => {
            const outcome = await registry.update(record, generation);
            if (outcome === "updated") writes.push(record);
            return outcome;
          }),
        });
        const deliver = async ({ work, number }: { work: string; number: number }): Promise<unknown> => {
          // Nobody works on an order that there is not.
          if (((await scheduled.find(DOMAIN))?.record.orderNumber ?? 0) < number) return;
          try {
            return await WORKS[work]?.(scheduled, number);
          } catch (error) {
            if (error instanceof RecordContended) return deliver({ work, number });
            throw error;
          }
        };
        await scheduler.waitFor(Promise.all(deliveries.map(deliver)));

        for (const [index, record] of writes.entries()) {
          const before = writes[index - 1] ?? record;
          expect(record.orderNumber).toBeGreaterThanOrEqual(before.orderNumber);
          if (isLive(before)) expect(isLive(record)).toBe(true);
          if (before.notAfter !== undefined) expect(record.notAfter).toBe(before.notAfter);
        }
        const record = writes.at(-1) ?? register(DOMAIN, "alice", 1, AT);
        const entries = await registry.journal(DOMAIN, record.orderNumber);
        if (hasReached(entries, "active")) expect(isLive(record)).toBe(true);
        expect(stateOf(record, needsJournal(record) ? entries : [])).toBe(stateOf(record, entries));
      },
    ),
    { numRuns: 500 },
  );
});

test("a domain in a list is as it is shown alone", () => {
  const states = fc.constantFrom<DomainRecord>(...Object.values(records));
  const phases = fc.subarray<Phase>(["registered", "validated", "issued", "backed-up", "active", "cleaned"]);
  fc.assert(
    fc.property(states, phases, fc.boolean(), (record, reached, isServed) => {
      const found = isServed ? { ...record, notAfter: NOT_AFTER } : record;
      const entries = reached.map((phase) => ({
        ...entry(phase),
        detail: { notAfter: LATER.toISOString() },
      }));
      const { phases: _shown, ...alone } = viewOf(found, entries);
      const { phases: _listed, ...listed } = viewOf(found, needsJournal(found) ? entries : []);
      expect(listed).toEqual(alone);
    }),
  );
});
