import { beforeEach, expect, test } from "@jest/globals";
import { MemoryObjectStore } from "../../google/testing/memory-object-store.ts";
import type { Alerts } from "./alerts.ts";
import { openAlerts } from "./stored-alerts.ts";

const DOMAIN = "shop.example.com";
const WHAT = "shop.example.com leads to 203.0.113.9, which is not the CDN.";

let objects: MemoryObjectStore;
let time: string;
let alerts: Alerts;

beforeEach(() => {
  objects = new MemoryObjectStore();
  time = "2026-11-01T12:00:00.000Z";
  alerts = openAlerts(objects, () => new Date(time));
});

test("a problem is open from its first raising until it is cleared", async () => {
  expect(await alerts.raise(DOMAIN, "dns-elsewhere", WHAT)).toBe("raised");
  time = "2026-11-01T13:00:00.000Z";
  expect(await alerts.raise(DOMAIN, "dns-elsewhere", "Said again, in other words.")).toBe("open");
  expect(await alerts.open(DOMAIN)).toEqual([
    { subject: DOMAIN, problem: "dns-elsewhere", what: WHAT, since: "2026-11-01T12:00:00.000Z" },
  ]);

  expect(await alerts.clear(DOMAIN, "dns-elsewhere")).toBe("cleared");
  expect(await alerts.clear(DOMAIN, "dns-elsewhere")).toBe("absent");
  expect(await alerts.open(DOMAIN)).toEqual([]);
});

test("what was never raised is not cleared", async () => {
  expect(await alerts.clear(DOMAIN, "expiring")).toBe("absent");
  expect(objects.names).toEqual([]);
});

test("of any number of raisers at once one raises, and of clearers one clears", async () => {
  const raised = await Promise.all(
    Array.from({ length: 50 }, () => alerts.raise(DOMAIN, "expiring", "4 days are left.")),
  );
  expect(raised.filter((outcome) => outcome === "raised")).toHaveLength(1);
  const cleared = await Promise.all(Array.from({ length: 50 }, () => alerts.clear(DOMAIN, "expiring")));
  expect(cleared.filter((outcome) => outcome === "cleared")).toHaveLength(1);
});

test("a subject's problems are its own, whatever other subjects begin with", async () => {
  await alerts.raise("shop.example.com", "expiring", "4 days are left.");
  await alerts.raise("shop.example.com.au", "dns-elsewhere", "It leads elsewhere.");
  expect((await alerts.open("shop.example.com")).map(({ problem }) => problem)).toEqual(["expiring"]);
});

test("a sentence that does not end is cut", async () => {
  await alerts.raise(DOMAIN, "order-failed", "ü".repeat(5_000));
  expect((await alerts.open(DOMAIN))[0]?.what).toBe(`${"ü".repeat(999)}…`);
});

test.each(["", "a/b", "two words"])("refuses the subject %j", async (subject) => {
  await expect(alerts.raise(subject, "expiring", "x")).rejects.toThrow("A subject must be one word; got");
});
