import { expect, test } from "@jest/globals";
import { DeadlineExceeded, retrying, withDeadline } from "./deadline.ts";

const options = {
  what: "The call",
  deadlineMs: 5_000,
  attemptMs: 5_000,
  pauseMs: 1,
  maxPauseMs: 2,
  isTransient: (error: unknown) => error instanceof RangeError,
};

test("tries again after transient failures alone", async () => {
  const seen: number[] = [];
  const result = await retrying(options, async (number) => {
    seen.push(number);
    if (number < 3) throw new RangeError("busy");
    return "done";
  });
  expect({ result, seen }).toEqual({ result: "done", seen: [1, 2, 3] });
  await expect(retrying(options, () => Promise.reject(new TypeError("never")))).rejects.toThrow("never");
});

test("an attempt that hangs counts as transient, and the whole ends with the last failure", async () => {
  const result = await retrying({ ...options, attemptMs: 5 }, (number) =>
    number === 1 ? new Promise<string>(() => undefined) : Promise.resolve("done"),
  );
  expect(result).toBe("done");
  await expect(
    retrying({ ...options, deadlineMs: 20 }, () => Promise.reject(new RangeError("busy"))),
  ).rejects.toThrow("busy");
});

test("work that takes too long fails by name", async () => {
  await expect(withDeadline("The call", 5, new Promise(() => undefined))).rejects.toThrow(
    new DeadlineExceeded("The call", 5),
  );
});
