import { expect, test } from "@jest/globals";
import { limitedMs, progressLine, remainingMs } from "./progress.ts";

const HOUR_MS = 3_600_000;
const limit = { writesEach: 4, writesPerHour: 1_000 };

test("reckons with the limit, however quick the first hour's allowance went", () => {
  expect(remainingMs({ done: 250, total: 10_000, elapsedMs: 60_000, ...limit })).toBe(38 * HOUR_MS);
});

test("reckons with the pace so far where that is the slower one", () => {
  expect(remainingMs({ done: 10, total: 100, elapsedMs: 100_000, ...limit })).toBe(900_000);
});

test("tells how many of how many, and for how long still", () => {
  const pace = { total: 1_000, elapsedMs: 1_000, ...limit };
  expect(progressLine({ done: 0, ...pace })).toBe("0 of 1000, about 3 h left");
  expect(progressLine({ done: 1_000, ...pace })).toBe("1000 of 1000");
});

test("needs no time for what one hour's allowance pays", () => {
  expect(limitedMs(1_000, 1_000)).toBe(0);
});
