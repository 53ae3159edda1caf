import { expect, test } from "@jest/globals";
import { SteadyClock } from "./clock.ts";

const HOUR_MS = 3_600_000;

test("follows the machine's clock, forwards too, and goes on from where it was when that is set back", () => {
  let [wall, steady] = [1_000_000_000, 5_000];
  const clock = new SteadyClock(
    () => wall,
    () => steady,
  );
  const pass = (ms: number, jumpMs = 0): number => {
    steady += ms;
    wall += ms + jumpMs;
    return clock.now();
  };
  expect(pass(250)).toBe(1_000_000_250);
  expect(pass(250, HOUR_MS)).toBe(1_000_000_500 + HOUR_MS);
  expect(pass(250, -HOUR_MS)).toBe(1_000_000_750 + HOUR_MS);
  expect(pass(250)).toBe(1_000_001_000 + HOUR_MS);
  // As when a clock is slowed down until it is right.
  expect(pass(1_000, -5)).toBe(1_000_001_995 + HOUR_MS);
});
