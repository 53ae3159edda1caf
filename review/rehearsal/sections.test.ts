import { expect, test } from "@jest/globals";
import { marked } from "marked";
import { reviewOf } from "../changes/review.ts";
import { toHtml } from "../comment/html.ts";
import { MOST_CHARACTERS, toMarkdown } from "../comment/markdown.ts";
import { type Rehearsal, rehearsalOf } from "./rehearsal.ts";

const SUBJECT = { commit: "0123456789abcdef", base: "main", at: "2026-11-30T20:00:00.000Z" };
const NOTHING = reviewOf([], { holdingOf: () => undefined });
/** Each character of it means something to somebody. */
const HOSTILE = "</details></pre><img src=x> @octocat #1 `|**x**";

function rehearsed(why: string, kinds = 1): Rehearsal {
  const failures = [1, 2, 3].map(() => ({ at: SUBJECT.at, what: `GET https://a.test/${why}`, why }));
  return rehearsalOf({
    base: "main",
    head: "the program as it is",
    update: { startedAt: SUBJECT.at, seconds: 9, changes: [], errors: [] },
    requests: Array.from({ length: kinds }, () => ({
      kind: "pages",
      sent: 40,
      dropped: 3,
      longestGapMs: 1_900,
      failures,
    })),
    messages: [],
    renewals: { started: 9, failed: 0, failures: [] },
    subscriptions: [],
    logged: [{ source: "certs-hosting", count: 2, first: why }],
  });
}

test("stands before all else in comment and page, and only where there was one", () => {
  const review = { ...NOTHING, rehearsal: rehearsed("503 in place of 200") };
  for (const text of [toMarkdown(review, SUBJECT), toHtml(review, SUBJECT)]) {
    expect(text).toContain("Upgrade rehearsal");
    expect(text).toContain("❌");
    expect(text).toContain("503 in place of 200");
  }
  expect(toMarkdown(NOTHING, SUBJECT)).not.toContain("rehearsal");
  expect(toHtml(NOTHING, SUBJECT)).not.toContain("rehearsal");
});

test("what was answered breaks out of nothing", () => {
  const review = { ...NOTHING, rehearsal: rehearsed(HOSTILE) };
  for (const text of [marked.parse(toMarkdown(review, SUBJECT)) as string, toHtml(review, SUBJECT)]) {
    expect(text).not.toMatch(/<img|<strong>x|@octocat<\/a>/);
    expect(text.match(/<details/g) ?? []).toHaveLength((text.match(/<\/details>/g) ?? []).length);
    expect(text.match(/<pre/g) ?? []).toHaveLength((text.match(/<\/pre>/g) ?? []).length);
  }
  expect(toMarkdown(review, SUBJECT)).not.toContain("@octocat");
});

test("has room in a comment whatever went wrong", () => {
  const review = { ...NOTHING, rehearsal: rehearsed("x".repeat(10_000), 50) };
  const text = toMarkdown(review, SUBJECT);
  expect(text.length).toBeLessThan(MOST_CHARACTERS / 2);
  expect(text).toContain("and 39 more");
});

test("tells no secret of an answer or a log, in no form", () => {
  const rehearsal = rehearsed("it answered apiToken=hunter2");
  const failed = { ...rehearsal, update: { ...rehearsal.update, errors: ["password: hunter2"] } };
  const review = { ...NOTHING, rehearsal: rehearsalOf(failed) };
  for (const text of [toMarkdown(review, SUBJECT), toHtml(review, SUBJECT), JSON.stringify(review)]) {
    expect(text).toContain("it answered");
    expect(text).not.toContain("hunter2");
  }
});
