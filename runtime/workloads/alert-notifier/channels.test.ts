import { existsSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { PROBLEMS } from "../../certificates/alerts/alerts.ts";
import { CATALOGUE } from "../../certificates/alerts/catalogue.ts";
import type { StoredProblem } from "../../certificates/alerts/stored-problem.ts";
import type { Channel, Notice } from "./channel.ts";
import { sentryChannel } from "./sentry.ts";
import { slackChannel } from "./slack.ts";
import { WebReceiver } from "./testing/web-receiver.ts";

const NOW = new Date("2026-11-01T12:00:00.000Z");
const RUNBOOKS = new URL("../../../docs/runbooks/", import.meta.url);
const signposts = {
  platformName: "Example Domains",
  runbooksUrl: "https://git.example.com/platform/docs/runbooks",
  bucket: "certs-registry-0a1b2c3",
};

let receiver: WebReceiver;

beforeEach(async () => {
  receiver = await WebReceiver.start();
});
afterEach(() => receiver.stop());

const now = () => NOW;
const slack = () =>
  slackChannel({ webhookUrl: `http://${receiver.host}/services/T0/B0/canary`, signposts, now, spacingMs: 0 });
const sentry = () => sentryChannel({ dsn: `http://canary@${receiver.host}/7`, signposts, now });

function problemOf(subject: string, fields: Partial<StoredProblem> = {}): StoredProblem {
  return {
    subject,
    problem: "dns-elsewhere",
    what: `${subject} leads to 203.0.113.9.`,
    since: "2026-11-01T11:00:00.000Z",
    toldOpened: [],
    toldOver: [],
    ...fields,
  };
}

const noticeOf = (fields: Partial<Notice> = {}): Notice => ({
  told: "opened",
  problem: "dns-elsewhere",
  subjects: [problemOf("a.test")],
  isSummary: false,
  ...fields,
});
const summary = noticeOf({
  subjects: Array.from({ length: 500 }, (_, i) => problemOf(`shop-${i}.test`)),
  isSummary: true,
});
const over = noticeOf({
  told: "over",
  subjects: [problemOf("a.test", { clearedAt: "2026-11-01T11:30:00.000Z" })],
});

/** Text of a message in the order in which it is read. */
function textsOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return "";
  const { text } = value as { text?: unknown };
  const own = typeof text === "string" ? `${text}\n` : "";
  return own + Object.values(value).map(textsOf).join("");
}

test("every problem has a runbook", () => {
  const missing = PROBLEMS.filter((problem) => !existsSync(new URL(`${problem}.md`, RUNBOOKS)));
  expect(missing).toEqual([]);
  expect(Object.keys(CATALOGUE).sort()).toEqual([...PROBLEMS].sort());
});

describe("Slack", () => {
  const message = (index = 0) => JSON.parse(receiver.received[index]?.body ?? "") as { blocks: unknown[] };

  test("is told what is wrong, since when, what the platform does, what a person can do, and where to read on", async () => {
    await slack().tell(noticeOf());
    expect(receiver.received[0]?.path).toBe("/services/T0/B0/canary");
    const text = textsOf(message());
    for (const part of [
      "A name does not lead to the edge: a.test",
      "a.test leads to 203.0.113.9.",
      "*Since*\n2026-11-01T11:00:00.000Z",
      `*The platform:* ${CATALOGUE["dns-elsewhere"].byItself}`,
      `*You:* ${CATALOGUE["dns-elsewhere"].byPerson}`,
      "<https://git.example.com/platform/docs/runbooks/dns-elsewhere.md|Runbook>",
      "Example Domains",
    ])
      expect(text).toContain(part);
  });

  test("is told of an end as of an end, from when to when", async () => {
    await slack().tell(over);
    const text = textsOf(message());
    expect(text).toContain("Resolved: A name does not lead to the edge: a.test");
    expect(text).toContain("2026-11-01T11:00:00.000Z to 2026-11-01T11:30:00.000Z");
    expect(text).not.toContain("*You:*");
  });

  test("gets a summary with names, their number, and how to list all", async () => {
    await slack().tell(summary);
    const text = textsOf(message());
    expect(text).toContain("A name does not lead to the edge: 500 domains");
    expect(text).toContain("shop-0.test, shop-1.test");
    expect(text).toContain(
      'and 470 more. List all: gcloud storage ls "gs://certs-registry-0a1b2c3/alerts/*/dns-elsewhere.json"',
    );
  });

  test("gets no mention, link or length that it would refuse out of what others wrote", async () => {
    const what = `<!channel> & <https://evil.test|here>${"x".repeat(5_000)}`;
    await slack().tell(noticeOf({ subjects: [problemOf(`${"a".repeat(200)}.test`, { what })] }));
    const { blocks } = message() as { blocks: { type: string; text?: { text: string } }[] };
    expect(blocks.find(({ type }) => type === "header")?.text?.text).toHaveLength(150);
    expect(blocks[1]?.text?.text).toHaveLength(3_000);
    expect(JSON.stringify(blocks)).not.toContain("<!channel>");
    expect(blocks[1]?.text?.text).toMatch(/^&lt;!channel&gt; &amp; &lt;https/);
  });

  test.each([
    ["17", "2026-11-01T12:00:17.000Z"],
    [undefined, "2026-11-01T12:01:00.000Z"],
    ["86400", "2026-11-01T13:00:00.000Z"],
  ])("that says 429 with Retry-After %s is left alone until %s", async (retryAfter, until) => {
    receiver.answerNext({ status: 429, ...(retryAfter && { headers: { "retry-after": retryAfter } }) });
    await expect(slack().tell(noticeOf())).rejects.toMatchObject({
      code: "CHANNEL_BUSY",
      until: new Date(until),
    });
  });

  test("that refuses a message says so, and one that is out of order is asked again", async () => {
    receiver.answerNext({ status: 400, body: "invalid_blocks" });
    await expect(slack().tell(noticeOf())).rejects.toMatchObject({
      code: "NOTICE_REFUSED",
      message: "Slack answered 400 invalid_blocks.",
    });
    receiver.answerNext({ status: 500 });
    await expect(slack().tell(noticeOf())).rejects.not.toHaveProperty("code", "NOTICE_REFUSED");
  });
});

describe("Sentry", () => {
  const event = (index = 0) =>
    JSON.parse(receiver.received[index]?.body.split("\n")[2] ?? "") as Record<string, unknown>;

  test("has an issue for each domain and problem", async () => {
    const channel = sentry();
    await channel.tell(noticeOf());
    await channel.tell(noticeOf({ subjects: [problemOf("b.test")] }));
    expect(receiver.received[0]?.path).toMatch(/^\/api\/7\/envelope\//);
    expect(receiver.received[0]?.headers["x-sentry-auth"] ?? receiver.received[0]?.path).toContain("canary");
    expect(event()).toMatchObject({
      message: "A name does not lead to the edge: a.test. a.test leads to 203.0.113.9.",
      level: "warning",
      fingerprint: ["dns-elsewhere", "a.test", "opened"],
      tags: { problem: "dns-elsewhere", domain: "a.test", state: "opened" },
      extra: {
        since: "2026-11-01T11:00:00.000Z",
        platform: CATALOGUE["dns-elsewhere"].byItself,
        person: CATALOGUE["dns-elsewhere"].byPerson,
        runbook: "https://git.example.com/platform/docs/runbooks/dns-elsewhere.md",
      },
    });
    expect(event(1)).toMatchObject({ fingerprint: ["dns-elsewhere", "b.test", "opened"] });
  });

  test("is told of an end as of good news, and of a flood once", async () => {
    const channel = sentry();
    await channel.tell(over);
    await channel.tell(summary);
    expect(event()).toMatchObject({ level: "info", fingerprint: ["dns-elsewhere", "a.test", "over"] });
    expect(event(1)).toMatchObject({
      fingerprint: ["dns-elsewhere", "many", "opened"],
      extra: { count: 500 },
    });
  });

  test("takes the same notice twice as one event", async () => {
    const channel = sentry();
    receiver.answerNext({ status: 500 });
    await expect(channel.tell(noticeOf())).rejects.toThrow("Sentry answered 500.");
    await channel.tell(noticeOf());
    expect(event().event_id).toBe(event(1).event_id);
  });

  test("that says 429 is left alone for a minute", async () => {
    receiver.answerNext({ status: 429, headers: { "retry-after": "60" } });
    await expect(sentry().tell(noticeOf())).rejects.toMatchObject({
      code: "CHANNEL_BUSY",
      until: new Date("2026-11-01T12:01:00.000Z"),
    });
  });
});

test.each(["slack", "sentry"])(
  "%s that can't be reached is a failure that names neither webhook nor key",
  async (name) => {
    const channel: Channel = name === "slack" ? slack() : sentry();
    await receiver.stop();
    const failure = await channel.tell(noticeOf()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain("canary");
  },
);
