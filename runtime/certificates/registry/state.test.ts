import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type DomainRecord, type JournalEntry, PHASES, type Phase, type State } from "./lifecycle.ts";
import { certificateOf, orderState, stateOf } from "./state.ts";
import { viewOf } from "./view.ts";

const AT = "2026-11-01T12:00:00.000Z";

const recordOf = (fields: Partial<DomainRecord> = {}): DomainRecord => ({
  domain: "a.test",
  customer: "alice",
  lifecycle: "registered",
  orderNumber: 1,
  registeredAt: AT,
  updatedAt: AT,
  ...fields,
});
const entry = (phase: Phase, detail: Record<string, string> = {}): JournalEntry => ({
  phase,
  at: AT,
  detail,
});
const upTo = (phase: Phase) => PHASES.slice(0, PHASES.indexOf(phase) + 1).map((name) => entry(name));

test.each<[Phase, State, State]>([
  ["registered", "pending", "pending"],
  ["validating", "validating", "validating"],
  ["validated", "issuing", "issuing"],
  ["finalizing", "issuing", "issuing"],
  ["issued", "activating", "activating"],
  ["activating", "activating", "activating"],
  ["active", "cleaning", "active"],
  ["cleaned", "active", "active"],
])("after %s an order is %s and its domain %s", (phase, order, domain) => {
  expect(orderState(upTo(phase))).toBe(order);
  expect(stateOf(recordOf(), upTo(phase))).toBe(domain);
});

describe("record and journal together", () => {
  test.each<[string, Partial<DomainRecord>, readonly JournalEntry[], State]>([
    ["removal is final", { lifecycle: "removing" }, upTo("active"), "removing"],
    ["a live certificate outranks a late failure", { lifecycle: "failed" }, upTo("active"), "active"],
    ["a failure ends an order in progress", { lifecycle: "failed" }, upTo("validating"), "failed"],
    [
      "an active domain stays so while its next order runs",
      { lifecycle: "active" },
      upTo("ordering"),
      "active",
    ],
    ["nothing journaled yet is pending", {}, [], "pending"],
  ])("%s", (_title, fields, journal, state) => {
    expect(stateOf(recordOf(fields), journal)).toBe(state);
  });
});

test("an order goes through its states one way, phase by phase", () => {
  const states = PHASES.map((phase) => orderState(upTo(phase)));

  expect(states.filter((state, index) => state !== states[index - 1])).toEqual([
    "pending",
    "validating",
    "issuing",
    "activating",
    "cleaning",
    "active",
  ]);
});

test("the order of a journal's entries does not matter", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...PHASES]), (phases) => {
      const shuffled = phases.map((phase) => entry(phase));
      const sorted = PHASES.filter((phase) => phases.includes(phase)).map((phase) => entry(phase));
      expect(orderState(shuffled)).toBe(orderState(sorted));
      expect(viewOf(recordOf({ lifecycle: "active" }), shuffled)).toEqual(
        viewOf(recordOf({ lifecycle: "active" }), sorted),
      );
    }),
  );
});

describe("what a customer sees", () => {
  test("the first phase is there as soon as the record is, before its entry", () => {
    const registered = [{ phase: "registered", at: AT }];
    expect(viewOf(recordOf(), []).phases).toEqual(registered);
    expect(viewOf(recordOf(), upTo("registered")).phases).toEqual(registered);
  });

  test("a reason and a time to retry belong to a failed domain alone", () => {
    const fields = { reason: "DNS leads elsewhere.", retryAt: AT } as const;
    expect(viewOf(recordOf({ ...fields, lifecycle: "failed" }), [])).toMatchObject(fields);
    expect(viewOf(recordOf({ ...fields, lifecycle: "failed" }), upTo("active"))).toMatchObject({
      reason: undefined,
      retryAt: undefined,
    });
  });

  test("the certificate's end comes from the journal before the record has it, and only once it is live", () => {
    const issued = entry("issued", { notAfter: "2027-01-30T00:00:00Z", serial: "0a" });
    const before = upTo("finalizing");
    const record = recordOf({ notAfter: "2026-12-01T00:00:00Z" });
    expect(viewOf(record, [...before, issued]).notAfter).toBe("2026-12-01T00:00:00Z");
    expect(viewOf(record, [...before, issued, entry("active")]).notAfter).toBe("2027-01-30T00:00:00Z");
  });

  test("a certificate is known by what its backup says, and by its issue where that says nothing", () => {
    expect(certificateOf(upTo("finalizing"))).toBeUndefined();
    expect(
      certificateOf([
        entry("backed-up", { version: "1" }),
        entry("issued", { notAfter: AT, serial: "0a", issuer: "CN=CA" }),
      ]),
    ).toEqual({ version: "1", notAfter: AT, serial: "0a", issuer: "CN=CA" });
  });
});
