import { expect, test } from "@jest/globals";
import { align } from "./alignment.ts";
import { SeriesStore } from "./series.ts";

const HOUR_MS = 3_600_000;
const series = (type: string) => ({ metric: { type, labels: {} }, resource: { type: "r", labels: {} } });

/** The points of the last `periodMs` before `now`. */
function points(store: SeriesStore, now: number, periodMs: number) {
  return store.find(() => true, now - periodMs)[0]?.points ?? [];
}

test("a counter of a hundred a second counts all of them", () => {
  const store = new SeriesStore();
  const now = 300_000;
  for (let at = 10; at <= now; at += 10) store.count(series("requests"), { at, value: 1 });
  const counted = points(store, now, now);
  expect(align("ALIGN_DELTA", counted, now, true)).toBe(30_000);
  expect(align("ALIGN_RATE", counted, now, true)).toBe(100);
  expect(align("ALIGN_RATE", points(store, now, 60_000), 60_000, true)).toBeCloseTo(100, -1);
});

test("a busy counter keeps six hours, by the minute at last, in at most a thousand points", () => {
  const store = new SeriesStore();
  const now = 9 * HOUR_MS;
  for (let at = 1_000; at <= now; at += 1_000) store.count(series("requests"), { at, value: 2 });
  for (const hours of [1, 3, 6]) {
    const expected = hours * 7_200;
    // A minute more or less, at the start of the period.
    const counted = align("ALIGN_DELTA", points(store, now, hours * HOUR_MS), HOUR_MS, true) ?? 0;
    expect(Math.abs(counted - expected)).toBeLessThanOrEqual(120);
  }
  expect(points(store, now, 24 * HOUR_MS).length).toBeLessThanOrEqual(1_000);
});

test("a distribution keeps each value, of the newest", () => {
  const store = new SeriesStore();
  for (let at = 1; at <= 5_000; at++) store.add(series("latencies"), { at, value: at });
  const kept = points(store, 5_000, 5_000);
  expect(kept.length).toBeGreaterThanOrEqual(500);
  expect(kept.length).toBeLessThanOrEqual(1_000);
  expect(kept.map(({ value }) => value)).toEqual(kept.map((_, index) => 5_001 - kept.length + index));
});
