import { expect, test } from "@jest/globals";
import { createTrace } from "../../workload/trace.ts";
import type { ListedDomain } from "./domain-listing.ts";
import { createWatcher } from "./watch-domains.ts";

const INTERVAL = 60;
const MINUTE_MS = 60_000;
const START = Date.parse("2026-11-30T12:00:00Z");
const round = { trace: createTrace(), signal: new AbortController().signal };

const listed = (domain: string, fields: Partial<ListedDomain> = {}): ListedDomain => ({
  domain,
  state: "active",
  notBefore: null,
  notAfter: null,
  dueAt: null,
  ...fields,
});

/** A watcher over `pages`, with a clock of its own. */
function watching(pages: readonly (readonly ListedDomain[])[]) {
  const asked: string[] = [];
  const clock = { at: START, fails: false };
  const watch = createWatcher({
    listing: {
      async *pages() {
        for (const page of pages) {
          if (clock.fails) throw new Error("The API is away.");
          yield page;
        }
      },
    },
    checking: {
      publish: async (data) => {
        asked.push((data as { domain: string }).domain);
      },
    },
    intervalMinutes: INTERVAL,
    now: () => new Date(clock.at),
  });
  return { asked, clock, watch: () => watch(round) };
}

const names = Array.from({ length: 600 }, (_, index) => `shop-${index}.example.test`);
const PAGES = [names.slice(0, 250), names.slice(250)].map((page) => page.map((name) => listed(name)));

test("asks for each domain once an interval, spread evenly over it", async () => {
  const { asked, clock, watch } = watching(PAGES);
  const counts: number[] = [];
  for (let minute = 0; minute < INTERVAL; minute++) {
    const before = asked.length;
    await watch();
    counts.push(asked.length - before);
    clock.at += MINUTE_MS;
  }
  expect([...asked].sort()).toEqual([...names].sort());
  expect(Math.max(...counts)).toBeLessThanOrEqual((3 * names.length) / INTERVAL);
});

test("takes the turns that a failed or late round missed", async () => {
  const { asked, clock, watch } = watching(PAGES);
  await watch();
  for (let minute = 1; minute < INTERVAL; minute++) {
    clock.at += MINUTE_MS;
    clock.fails = minute % 10 !== 9;
    if (clock.fails) await expect(watch()).rejects.toThrow("The API is away.");
    else await watch();
  }
  expect([...asked].sort()).toEqual([...names].sort());
});

test("asks every minute for what is due, until it is not", async () => {
  const due = listed("due.example.test", { state: "failed", dueAt: new Date(START).toISOString() });
  const waiting = listed("waits.example.test", { dueAt: new Date(START + 1).toISOString() });
  const { asked, watch } = watching([[due, waiting]]);
  await watch();
  await watch();
  expect(asked.filter((domain) => domain === due.domain)).toHaveLength(2);
  expect(asked).not.toContain(waiting.domain);
});

test("counts those that have as much life left as was promised", async () => {
  const life = (startDays: number, endDays: number) => ({
    notBefore: new Date(START + startDays * 86_400_000).toISOString(),
    notAfter: new Date(START + endDays * 86_400_000).toISOString(),
  });
  const { watch } = watching([
    [
      listed("fresh.example.test", life(-60, 30)),
      listed("old.example.test", life(-70, 20)),
      listed("short.example.test", life(-3, 3)),
      listed("short-old.example.test", life(-5, 1)),
      listed("failed.example.test", { state: "failed" }),
    ],
  ]);
  expect(await watch()).toMatchObject({ total: 5, active: 4, healthy: 2 });
});
