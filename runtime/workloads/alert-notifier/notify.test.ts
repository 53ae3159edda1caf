import { beforeEach, describe, expect, test } from "@jest/globals";
import type { Alerts } from "../../certificates/alerts/alerts.ts";
import { openAlerts } from "../../certificates/alerts/stored-alerts.ts";
import { UntoldProblems } from "../../certificates/alerts/untold-problems.ts";
import { MemoryObjectStore } from "../../google/testing/memory-object-store.ts";
import { createLogger } from "../../workload/logger.ts";
import { type Channel, ChannelBusy, type Notice, NoticeRefused } from "./channel.ts";
import { notify } from "./notify.ts";
import { StoredPace } from "./pace.ts";

const MINUTE_MS = 60_000;

/** Keeps what it is told, and fails as it is asked to. */
class Heard implements Channel {
  readonly name: string;
  readonly notices: Notice[] = [];
  fails: ((notice: Notice) => Error | undefined) | undefined;

  constructor(name: string) {
    this.name = name;
  }

  async tell(notice: Notice): Promise<void> {
    const error = this.fails?.(notice);
    if (error) throw error;
    this.notices.push(notice);
  }

  /** In words: `opened expiring: a.test`, `over expiring: 500 (summary)`. */
  get said(): readonly string[] {
    return this.notices.map(({ told, problem, subjects, isSummary }) => {
      const subject = isSummary ? `${subjects.length} (summary)` : subjects[0]?.subject;
      return `${told} ${problem}: ${subject}`;
    });
  }
}

let objects: MemoryObjectStore;
let time: number;
let alerts: Alerts;
let slack: Heard;
let sentry: Heard;
let lines: string[];

beforeEach(() => {
  objects = new MemoryObjectStore();
  time = Date.parse("2026-11-01T12:00:00Z");
  alerts = openAlerts(objects, now);
  slack = new Heard("slack");
  sentry = new Heard("sentry");
  lines = [];
});

const now = () => new Date(time);

async function round(channels: readonly Channel[] = [slack, sentry]) {
  time += MINUTE_MS;
  const names = channels.map(({ name }) => name);
  const logger = createLogger({ K_SERVICE: "n", K_REVISION: "1" }, { write: (line) => lines.push(line) });
  return notify(
    { problems: new UntoldProblems(objects, names), pace: new StoredPace(objects), channels, now },
    { logger, signal: new AbortController().signal },
  );
}

const names = (count: number) =>
  Array.from({ length: count }, (_, i) => `shop-${String(i).padStart(4, "0")}.test`);
const raiseAll = async (domains: readonly string[]) => {
  for (const domain of domains) await alerts.raise(domain, "dns-elsewhere", `${domain} leads elsewhere.`);
};
const problemsLeft = () => objects.names.filter((name) => name.startsWith("alerts/"));

test("each channel hears once that a problem opened and once that it is over, and then it is forgotten", async () => {
  await alerts.raise("a.test", "expiring", "4 days are left.");
  await round();
  await alerts.raise("a.test", "expiring", "3 days are left.");
  await round();
  await alerts.clear("a.test", "expiring");
  expect(await round()).toEqual({ slack: 1, sentry: 1 });
  expect(await round()).toEqual({});

  for (const channel of [slack, sentry])
    expect(channel.said).toEqual(["opened expiring: a.test", "over expiring: a.test"]);
  expect(problemsLeft()).toEqual([]);
});

test("a problem that came and went between two rounds is told of, its beginning first", async () => {
  await alerts.raise("a.test", "site-unhealthy", "It answers 503.");
  await alerts.clear("a.test", "site-unhealthy");
  await round();
  await round();
  expect(slack.said).toEqual(["opened site-unhealthy: a.test", "over site-unhealthy: a.test"]);
});

test("one that comes and goes before anybody hears of its end is told once", async () => {
  await alerts.raise("a.test", "site-unhealthy", "It answers 503.");
  await round();
  await alerts.clear("a.test", "site-unhealthy");
  await alerts.raise("a.test", "site-unhealthy", "It answers 503.");
  await round();
  expect(slack.said).toEqual(["opened site-unhealthy: a.test"]);
});

test("what opens again while its end is being told is told again", async () => {
  await alerts.raise("a.test", "expiring", "4 days are left.");
  await round([slack]);
  await alerts.clear("a.test", "expiring");
  const heard = new Heard("slack");
  const racing: Channel = {
    name: "slack",
    async tell(notice) {
      await heard.tell(notice);
      if (notice.told === "over") await alerts.raise("a.test", "expiring", "Less than ever is left.");
    },
  };
  await round([racing]);
  await round([racing]);
  expect(heard.said).toEqual(["over expiring: a.test", "opened expiring: a.test"]);
});

test("what opens again is told to whoever heard of its end, and to nobody else", async () => {
  await alerts.raise("a.test", "expiring", "4 days are left.");
  await round();
  await alerts.clear("a.test", "expiring");
  sentry.fails = () => new Error("Sentry answered 500.");
  await round();
  await alerts.raise("a.test", "expiring", "3 days are left.");
  sentry.fails = undefined;
  await round();
  expect(slack.said).toEqual(["opened expiring: a.test", "over expiring: a.test", "opened expiring: a.test"]);
  expect(sentry.said).toEqual(["opened expiring: a.test"]);
});

test("notices keep the order in which things happened", async () => {
  for (const [domain, problem] of [
    ["z.test", "expiring"],
    ["a.test", "dns-elsewhere"],
    ["m.test", "expiring"],
  ] as const) {
    time += 1_000;
    await alerts.raise(domain, problem, "It is wrong.");
  }
  await round();
  expect(slack.said).toEqual([
    "opened expiring: z.test",
    "opened dns-elsewhere: a.test",
    "opened expiring: m.test",
  ]);
});

describe("floods", () => {
  test("500 domains at once are one summary, and one all-clear", async () => {
    await raiseAll(names(500));
    time += 1_000;
    await alerts.raise("a.test", "expiring", "4 days are left.");
    await round();
    expect(slack.said).toEqual(["opened dns-elsewhere: 500 (summary)", "opened expiring: a.test"]);
    for (const domain of names(500)) await alerts.clear(domain, "dns-elsewhere");
    await round();
    expect(slack.said.slice(2)).toEqual(["over dns-elsewhere: 500 (summary)"]);
    expect(problemsLeft()).toEqual(["alerts/a.test/expiring.json"]);
  });

  test("200 domains one a minute are ten notices and four summaries an hour at most, and none is left out", async () => {
    const domains = names(200);
    for (const domain of domains) {
      await raiseAll([domain]);
      await round();
    }
    for (let minute = 0; minute < 16; minute++) await round();
    expect(slack.notices.length).toBeLessThanOrEqual(Math.ceil(216 / 60) * 14);
    expect(slack.notices.slice(0, 10).every(({ isSummary }) => !isSummary)).toBe(true);
    expect(slack.notices.flatMap(({ subjects }) => subjects.map(({ subject }) => subject))).toEqual(domains);
  });

  test("ten are told one by one", async () => {
    await raiseAll(names(10));
    await round();
    expect(slack.notices).toHaveLength(10);
    expect(slack.notices.some(({ isSummary }) => isSummary)).toBe(false);
  });
});

describe("trouble", () => {
  test("a channel that fails hears later, in order, and the other in time and once", async () => {
    slack.fails = () => new Error("Slack answered 500.");
    await alerts.raise("a.test", "expiring", "4 days are left.");
    await round();
    await alerts.clear("a.test", "expiring");
    await round();
    expect(sentry.said).toEqual(["opened expiring: a.test", "over expiring: a.test"]);
    expect(slack.said).toEqual([]);

    slack.fails = undefined;
    for (let minute = 0; minute < 4; minute++) await round();
    expect(slack.said).toEqual(["opened expiring: a.test", "over expiring: a.test"]);
    expect(sentry.notices).toHaveLength(2);
    expect(problemsLeft()).toEqual([]);
  });

  test("a channel that fails for long is asked ever less often, and twice an hour in the end", async () => {
    let asked = 0;
    slack.fails = () => {
      asked++;
      return new Error("Slack answered 500.");
    };
    await alerts.raise("a.test", "expiring", "4 days are left.");
    for (let minute = 0; minute < 24 * 60; minute++) await round([slack]);
    expect(asked).toBeGreaterThanOrEqual(48);
    expect(asked).toBeLessThanOrEqual(54);
  });

  test("a channel is left alone for as long as it asks", async () => {
    await alerts.raise("a.test", "expiring", "4 days are left.");
    slack.fails = () => new ChannelBusy("Slack", new Date(time + 10 * MINUTE_MS));
    await round([slack]);
    slack.fails = undefined;
    for (let minute = 0; minute < 9; minute++) await round([slack]);
    expect(slack.said).toEqual([]);
    await round([slack]);
    expect(slack.said).toEqual(["opened expiring: a.test"]);
  });

  test("a notice that is refused holds up no other, and is logged as a fault", async () => {
    slack.fails = ({ problem }) =>
      problem === "expiring" ? new NoticeRefused("Slack answered 400 invalid_blocks.") : undefined;
    await alerts.raise("a.test", "expiring", "4 days are left.");
    time += 1_000;
    await alerts.raise("b.test", "dns-elsewhere", "It leads elsewhere.");
    await round([slack]);
    expect(slack.said).toEqual(["opened dns-elsewhere: b.test"]);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { severity: "ERROR", message: "slack refused a notice", problem: "expiring", subject: "a.test" },
    ]);
    slack.fails = undefined;
    await round([slack]);
    expect(slack.said).toContain("opened expiring: a.test");
  });

  test.each(["settling", "after one of two channels"])(
    "a crash at %s tells twice at most, and loses nothing",
    async (at) => {
      await alerts.raise("a.test", "expiring", "4 days are left.");
      await alerts.raise("b.test", "expiring", "4 days are left.");
      const replace = objects.replace.bind(objects);
      if (at === "settling") {
        objects.replace = async () => {
          throw new Error("The process died.");
        };
        await expect(round()).rejects.toThrow("The process died.");
        objects.replace = replace;
      } else {
        sentry.fails = () => new Error("The process died.");
        await round();
        sentry.fails = undefined;
      }
      for (let minute = 0; minute < 3; minute++) await round();
      for (const channel of [slack, sentry]) {
        const subjects = channel.notices.flatMap((notice) => notice.subjects.map(({ subject }) => subject));
        expect(new Set(subjects)).toEqual(new Set(["a.test", "b.test"]));
        expect(subjects.length).toBeLessThanOrEqual(4);
      }
    },
  );

  test("an object that is no problem stops nobody", async () => {
    await objects.create("alerts/a.test/unknown.json", "{}", { metadata: { problem: "unknown" } });
    await alerts.raise("b.test", "expiring", "4 days are left.");
    await round();
    expect(slack.said).toEqual(["opened expiring: b.test"]);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { severity: "ERROR", message: "1 problems are unreadable", objects: ["alerts/a.test/unknown.json"] },
    ]);
  });
});

test("a new channel hears of what is open, and one that is gone holds nothing back", async () => {
  await alerts.raise("a.test", "expiring", "4 days are left.");
  await round([slack]);
  await round([slack, sentry]);
  expect(sentry.said).toEqual(["opened expiring: a.test"]);
  expect(slack.notices).toHaveLength(1);
  await alerts.clear("a.test", "expiring");
  sentry.fails = () => new Error("gone");
  await round([slack, sentry]);
  await round([slack]);
  expect(problemsLeft()).toEqual([]);
});
