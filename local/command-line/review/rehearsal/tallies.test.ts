import { expect, test } from "@jest/globals";
import { ErrandTally, RequestTally } from "./tallies.ts";

test("counts what is dropped, by what was answered or by what broke, and keeps the first ten", async () => {
  const tally = new RequestTally("pages");
  const ask = (status: number) =>
    tally.count(
      "GET /",
      async () => {
        if (status === 0) throw new Error("connect ECONNREFUSED");
        return status;
      },
      (answer) => (answer === 200 ? undefined : `${answer} in place of 200`),
    );
  await expect(ask(200)).resolves.toBe(200);
  await expect(ask(503)).resolves.toBeUndefined();
  for (let count = 1; count <= 12; count += 1) await ask(0);

  const { kind, sent, dropped, failures } = tally.end();
  expect({ kind, sent, dropped }).toEqual({ kind: "pages", sent: 14, dropped: 13 });
  expect(failures.map(({ what, why }) => `${what}: ${why}`)).toEqual([
    "GET /: 503 in place of 200",
    ...Array.from({ length: 9 }, () => "GET /: connect ECONNREFUSED"),
  ]);
});

test("the longest gap goes begins with what was served, and ends with what is served next or with the rehearsal", async () => {
  const tally = new RequestTally("pages");
  const ask = (ms: number, fault?: string) =>
    tally.count(
      "GET /",
      () => new Promise((resolve) => setTimeout(resolve, ms)),
      () => fault,
    );
  await ask(300, "503");
  expect(tally.end().longestGapMs).toBe(0);
  await ask(0);
  await ask(300, "503");
  expect(tally.end().longestGapMs).toBeGreaterThanOrEqual(290);
});

test("an errand is lost when it says why, or throws", async () => {
  const tally = new ErrandTally("removals");
  await expect(tally.count("a.test", async () => undefined)).resolves.toBe(true);
  await expect(tally.count("b.test", async () => "it is removing")).resolves.toBe(false);
  await expect(
    tally.count("c.test", async () => {
      throw new Error("it is gone");
    }),
  ).resolves.toBe(false);
  const { sent, lost, failures } = tally.end();
  expect({ sent, lost }).toEqual({ sent: 3, lost: 2 });
  expect(failures.map(({ what, why }) => `${what}: ${why}`)).toEqual([
    "b.test: it is removing",
    "c.test: it is gone",
  ]);
});
