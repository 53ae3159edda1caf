import { expect, test } from "@jest/globals";
import { type EachDomainOptions, eachDomain, type Step } from "./each-domain.ts";

const START = Date.parse("2026-11-01T12:00:00.000Z");
const NAMES = Array.from({ length: 20 }, (_, index) => `shop-${index}.example.test`);

/** A clock that only waiting moves. */
function simulated(change: Partial<EachDomainOptions<string>> = {}) {
  const clock = { at: START, waits: [] as number[] };
  const options: EachDomainOptions<string> = {
    atOnce: 4,
    deadline: new Date(START + 3 * 3_600_000),
    signal: new AbortController().signal,
    failed: (domain, reason) => `${domain} failed: ${reason}`,
    now: () => clock.at,
    wait: async (ms) => {
      clock.waits.push(ms);
      clock.at += ms;
    },
    ...change,
  };
  return { clock, options };
}

const settled = (result: string): Step<string> => ({ kind: "settled", result });

test("settles every domain, a few at once, and one that throws as failed", async () => {
  let running = 0;
  let most = 0;
  const { options } = simulated();
  const { results, left } = await eachDomain(
    NAMES,
    async (domain) => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running -= 1;
      if (domain === "shop-3.example.test") throw new Error("no answer");
      return settled(domain);
    },
    options,
  );
  expect(left).toEqual([]);
  expect([...results].sort()).toEqual(
    NAMES.map((name) => (name === "shop-3.example.test" ? `${name} failed: no answer` : name)).sort(),
  );
  expect(most).toBe(4);
});

test("has all wait where one meets a spent limit, and loses none of them", async () => {
  let writes = 0;
  const pauses: string[] = [];
  const { clock, options } = simulated({ onPause: (until) => pauses.push(until.toISOString()) });
  let hour = 0;
  const { results, left } = await eachDomain(
    NAMES,
    async (domain) => {
      const now = Math.floor((clock.at - START) / 3_600_000);
      if (now !== hour) writes = 0;
      hour = now;
      if (writes >= 8) {
        return { kind: "later", at: new Date(START + (hour + 1) * 3_600_000), why: "the hour's are spent" };
      }
      writes += 1;
      return settled(domain);
    },
    options,
  );
  expect([...results].sort()).toEqual([...NAMES].sort());
  expect(left).toEqual([]);
  expect(pauses).toEqual(["2026-11-01T13:00:00.000Z", "2026-11-01T14:00:00.000Z"]);
});

test("ends at its deadline, and says what is left", async () => {
  const { options } = simulated({ deadline: new Date(START + 60_000) });
  const { results, left } = await eachDomain(
    NAMES.slice(0, 2),
    async () => ({ kind: "later", at: new Date(START + 3_600_000), why: "the hour's are spent" }),
    options,
  );
  expect(results).toEqual([]);
  expect([...left].sort()).toEqual(NAMES.slice(0, 2));
});

test("brings what has begun to its end when it is interrupted, and begins no more", async () => {
  const controller = new AbortController();
  const { options } = simulated({ atOnce: 2, signal: controller.signal });
  const { results, left } = await eachDomain(
    NAMES,
    async (domain) => {
      controller.abort();
      await Promise.resolve();
      return settled(domain);
    },
    options,
  );
  expect(results).toHaveLength(1);
  expect(left).toHaveLength(NAMES.length - 1);
});
