import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { MemoryObjectStore } from "../../google/testing/memory-object-store.ts";
import { openRegistry } from "./bucket-registry.ts";
import { change, RecordContended } from "./change.ts";
import type { DomainRecord, JournalEntry, Phase } from "./lifecycle.ts";
import type { Registry } from "./registry.ts";
import { hasReached, needsJournal, stateOf } from "./state.ts";
import {
  activate,
  fail,
  leaveUnrestored,
  refuse,
  register,
  restore,
  retry,
  startRemoval,
  type Transition,
  takeOver,
} from "./transitions.ts";
import { viewOf } from "./view.ts";

const DOMAIN = "shop.example.test";
const AT = new Date("2026-11-01T12:00:00Z");
const LATER = new Date("2026-11-01T13:00:00Z");
const NOT_AFTER = "2027-01-30T00:00:00.000Z";
const FAILURE = { reason: "It leads elsewhere." };

const registered = register(DOMAIN, "alice", 2, AT);
const records: Readonly<Record<DomainRecord["lifecycle"], DomainRecord>> = {
  registered,
  active: { ...registered, lifecycle: "active", notAfter: NOT_AFTER },
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

/** What becomes of a record: its next lifecycle and order, or why there is none. */
const became = (transition: Transition) =>
  transition.kind === "changed"
    ? `${transition.record.lifecycle} ${transition.record.orderNumber}`
    : transition.kind;

test.each<[string, (record: DomainRecord) => Transition, readonly [string, string, string, string]]>([
  ["retry", (record) => retry(record, [], LATER), ["unchanged", "unchanged", "registered 3", "overtaken"]],
  [
    "retry of a live certificate's order",
    (record) => retry(record, [entry("active")], LATER),
    ["unchanged", "unchanged", "unchanged", "overtaken"],
  ],
  [
    "take-over",
    (record) => takeOver(record, "bob", LATER),
    ["overtaken", "overtaken", "registered 3", "overtaken"],
  ],
  [
    "removal",
    (record) => startRemoval(record, LATER),
    ["removing 2", "removing 2", "removing 2", "unchanged"],
  ],
  [
    "refusal",
    (record) => refuse(record, [entry("validating")], 2, FAILURE, LATER),
    ["failed 2", "overtaken", "overtaken", "overtaken"],
  ],
  [
    "refusal of what was found fit",
    (record) => refuse(record, [entry("validated")], 2, FAILURE, LATER),
    ["overtaken", "overtaken", "overtaken", "overtaken"],
  ],
  [
    "failure",
    (record) => fail(record, [entry("finalizing")], 2, FAILURE, LATER),
    ["failed 2", "overtaken", "overtaken", "overtaken"],
  ],
  [
    "failure of what is live",
    (record) => fail(record, [entry("active")], 2, FAILURE, LATER),
    ["overtaken", "overtaken", "overtaken", "overtaken"],
  ],
  [
    "failure of an earlier order",
    (record) => fail(record, [], 1, FAILURE, LATER),
    ["overtaken", "overtaken", "overtaken", "overtaken"],
  ],
  [
    "activation",
    (record) => activate(record, 2, NOT_AFTER, LATER),
    ["active 2", "unchanged", "active 2", "overtaken"],
  ],
  [
    "activation of an earlier order",
    (record) => activate(record, 1, NOT_AFTER, LATER),
    ["registered 2", "unchanged", "failed 2", "overtaken"],
  ],
  [
    "restore",
    (record) => restore(record, NOT_AFTER, LATER),
    ["registered 2", "unchanged", "active 2", "overtaken"],
  ],
  [
    "restore that failed",
    (record) => leaveUnrestored(record, "No backup.", LATER),
    ["overtaken", "active 2", "failed 2", "overtaken"],
  ],
])(
  "%s: what becomes of a record that is registered, active, failed, and being removed",
  (_title, transition, expected) => {
    const states = ["registered", "active", "failed", "removing"] as const;
    expect(states.map((state) => became(transition(records[state])))).toEqual(expected);
  },
);

test("a certificate that goes live after the next order began is noted, and leaves that order as it is", () => {
  for (const record of [records.registered, records.failed]) {
    expect(activate(record, 1, NOT_AFTER, LATER)).toEqual({
      kind: "changed",
      record: { ...record, notAfter: NOT_AFTER },
    });
  }
});

test("another order starts without what was said of the last, and keeps what is served", () => {
  expect(retry({ ...records.failed, notAfter: NOT_AFTER }, [], LATER)).toEqual({
    kind: "changed",
    record: { ...registered, orderNumber: 3, notAfter: NOT_AFTER, updatedAt: LATER.toISOString() },
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
    await change(registry, DOMAIN, (record) => activate(record, number, NOT_AFTER, LATER));
  },
  restores: (registry) => change(registry, DOMAIN, (record) => restore(record, NOT_AFTER, LATER)),
  retries: (registry) =>
    change(registry, DOMAIN, async (record) =>
      retry(record, await journal(registry, record.orderNumber), LATER),
    ),
};

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
          if (before.lifecycle === "active") expect(record.lifecycle).toBe("active");
          if (before.notAfter !== undefined) expect(record.notAfter).toBe(before.notAfter);
        }
        const record = writes.at(-1) ?? register(DOMAIN, "alice", 1, AT);
        const entries = await registry.journal(DOMAIN, record.orderNumber);
        if (hasReached(entries, "active")) expect(record.lifecycle).toBe("active");
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
