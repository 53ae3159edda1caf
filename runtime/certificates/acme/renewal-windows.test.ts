import { expect, test } from "@jest/globals";
import { RenewalWindows } from "./renewal-windows.ts";

const HOUR_MS = 3_600_000;

test("asks a CA again only when it said that it may, or is told to", async () => {
  let now = 0;
  const asked: string[] = [];
  const windows = new RenewalWindows(
    async (certificateId) => {
      asked.push(certificateId);
      if (certificateId === "unlimited") return { start: new Date(1), end: new Date(2) };
      return { start: new Date(1), end: new Date(2), retryAfter: new Date(now + 6 * HOUR_MS) };
    },
    () => new Date(now),
  );
  await windows.of("a");
  now = 6 * HOUR_MS - 1;
  expect(await windows.of("a")).toMatchObject({ start: new Date(1) });
  expect(asked).toEqual(["a"]);
  await windows.of("a", true);
  now += 6 * HOUR_MS;
  await windows.of("a");
  await windows.of("unlimited");
  await windows.of("unlimited");
  expect(asked).toEqual(["a", "a", "a", "unlimited", "unlimited"]);
});
