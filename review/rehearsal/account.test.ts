import { expect, test } from "@jest/globals";
import { accountOf } from "./account.ts";
import { type Rehearsal, rehearsalOf } from "./rehearsal.ts";

const CLEAN: Omit<Rehearsal, "isClean"> = {
  base: "main",
  head: "the work tree",
  update: {
    startedAt: "2026-11-30T20:00:00.000Z",
    seconds: 9.5,
    changes: [
      { op: "create-replacement", type: "gcp:storage/bucketObject:BucketObject", name: "certs-hosting-code" },
      { op: "replace", type: "gcp:storage/bucketObject:BucketObject", name: "certs-hosting-code" },
      { op: "update", type: "gcp:cloudrunv2/service:Service", name: "certs-hosting" },
    ],
    errors: [],
  },
  requests: [{ kind: "pages", sent: 400, dropped: 0, longestGapMs: 140, failures: [] }],
  messages: [{ kind: "removals", sent: 12, lost: 0, failures: [] }],
  renewals: { started: 9, failed: 0, failures: [] },
  subscriptions: [],
  logged: [],
};

test("says of a clean one what was tried, and what changed, each once", () => {
  expect(accountOf(rehearsalOf(CLEAN))).toEqual({
    title: "Upgrade rehearsal: main → the work tree",
    verdict:
      "No request was dropped, no message was lost and no renewal failed. The update took 9.5 s and changed certs-hosting-code, certs-hosting.",
    table: [
      ["meanwhile", "begun", "failed", "longest gap"],
      ["pages", "400", "0 dropped", "0.1 s"],
      ["removals", "12", "0 lost", ""],
      ["renewals", "9", "0 failed", ""],
    ],
    troubles: [],
  });
});

test("counts and names what went wrong, with the time since the update began", () => {
  const why = "503 in place of 200";
  const rehearsal = rehearsalOf({
    ...CLEAN,
    requests: [
      {
        kind: "pages",
        sent: 400,
        dropped: 4,
        longestGapMs: 2_140,
        failures: ["19:59:59.000", "20:00:01.500", "20:00:02.000", "20:00:03.000"].map((time) => ({
          at: `2026-11-30T${time}Z`,
          what: "GET https://a.test/",
          why,
        })),
      },
    ],
    messages: [
      {
        kind: "removals",
        sent: 12,
        lost: 1,
        failures: [{ at: "2026-11-30T20:00:04.000Z", what: "b.test", why: "it is removing after 60 s" }],
      },
    ],
    renewals: { started: 9, failed: 1, failures: [] },
    subscriptions: [{ name: "certs-issuing", lost: 3, deadLettered: 2, waiting: 0 }],
    logged: [{ source: "certs-hosting", count: 7, first: "No such table" }],
  });
  const { verdict, troubles } = accountOf(rehearsal);
  expect(verdict).toMatch(
    /^Requests dropped: 4, messages lost: 1, renewals failed: 1, messages gone with their subscription: 3, dead letters: 2\. The update took /,
  );
  expect(troubles).toEqual([
    {
      what: "Pages dropped: 4",
      examples: ["-1.0 s", "+1.5 s", "+2.0 s"].map((at) => `${at}  GET https://a.test/: ${why}`),
    },
    { what: "Removals lost: 1", examples: ["+4.0 s  b.test: it is removing after 60 s"] },
    { what: "Renewals failed: 1", examples: [] },
    {
      what: "Subscription certs-issuing: 3 messages gone with it, 2 dead letters, 0 still waiting",
      examples: [],
    },
    { what: "certs-hosting logged 7 errors, first: No such table", examples: [] },
  ]);
});

test.each<[string, Partial<Rehearsal>]>([
  ["an update that fails", { update: { ...CLEAN.update, errors: ["Resource x: it cannot be."] } }],
  [
    "a dropped request",
    { requests: [{ kind: "pages", sent: 9, dropped: 1, longestGapMs: 0, failures: [] }] },
  ],
  ["a lost message", { messages: [{ kind: "removals", sent: 9, lost: 1, failures: [] }] }],
  ["a failed renewal", { renewals: { started: 9, failed: 1, failures: [] } }],
  ["a message still waiting", { subscriptions: [{ name: "s", lost: 0, deadLettered: 0, waiting: 1 }] }],
])("%s is not clean", (_, seen) => {
  const rehearsal = rehearsalOf({ ...CLEAN, ...seen });
  expect(rehearsal.isClean).toBe(false);
  expect(accountOf(rehearsal).verdict).not.toContain("No request was dropped");
});
