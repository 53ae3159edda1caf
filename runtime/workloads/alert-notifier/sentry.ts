import { createHash } from "node:crypto";
import { defaultStackParser, makeNodeTransport, NodeClient } from "@sentry/node";
import { withDeadline } from "../../workload/deadline.ts";
import { type Channel, ChannelBusy, type Notice, NoticeRefused } from "./channel.ts";
import { type Signposts, wordingOf } from "./wording.ts";

const DEADLINE_MS = 10_000;
const BAD_REQUEST = 400;
const TOO_LARGE = 413;
const TOO_MANY = 429;
const PAUSE_MS = 60_000;
const LEVELS = { critical: "fatal", error: "error", warning: "warning" } as const;

export interface SentryOptions {
  readonly dsn: string;
  readonly signposts: Signposts;
  readonly now: () => Date;
}

/**
 * A project of Sentry, by its own SDK: an issue for each domain and problem, with an event when the problem
 * opens. Its end is an issue of its own at level `info`: an event in the first would open that again.
 */
export function sentryChannel({ dsn, signposts, now }: SentryOptions): Channel {
  const client = new NodeClient({
    dsn,
    transport: makeNodeTransport,
    // An instance that slept between two rounds would find its kept connections closed.
    transportOptions: { keepAlive: false },
    stackParser: defaultStackParser,
    integrations: [],
    traceLifecycle: "static",
    enableRuntimeChannelInjection: false,
    sendClientReports: false,
    includeServerName: false,
    environment: signposts.platformName,
  });
  const answers = new Map<string, (status: number | undefined) => void>();
  client.on("afterSendEvent", ({ event_id: id = "" }, { statusCode }) => answers.get(id)?.(statusCode));

  return {
    name: "sentry",
    async tell(notice) {
      const event = sentryEvent(notice, signposts);
      const answered = new Promise<number | undefined>((resolve) => answers.set(event.event_id, resolve));
      try {
        client.captureEvent(event, { event_id: event.event_id });
        const status = await withDeadline("Sentry", DEADLINE_MS, answered);
        if (status !== undefined && status >= 200 && status < 300) return;
        // The SDK itself keeps what Sentry said of a pause, and sends nothing until then.
        if (status === TOO_MANY) throw new ChannelBusy("Sentry", new Date(now().getTime() + PAUSE_MS));
        const answer = status === undefined ? "Sentry gave no answer." : `Sentry answered ${status}.`;
        throw status === BAD_REQUEST || status === TOO_LARGE ? new NoticeRefused(answer) : new Error(answer);
      } finally {
        answers.delete(event.event_id);
      }
    },
  };
}

function sentryEvent(notice: Notice, signposts: Signposts) {
  const { told, problem, isSummary, subjects } = notice;
  const words = wordingOf(notice, signposts);
  const [first] = subjects;
  const group = isSummary ? "many" : (first?.subject ?? "");
  return {
    // The same notice, sent again because its answer was lost, is the same event.
    event_id: createHash("sha256")
      .update(JSON.stringify([told, problem, subjects.map(({ subject, since }) => [subject, since])]))
      .digest("hex")
      .slice(0, 32),
    message: `${words.title}: ${words.subject}. ${words.what}`,
    level: told === "over" ? ("info" as const) : LEVELS[words.severity],
    fingerprint: [problem, group, told],
    tags: { problem, state: told, ...(!isSummary && { domain: group }) },
    extra: {
      since: words.since,
      platform: words.byItself,
      person: words.byPerson,
      runbook: words.runbookUrl,
      count: subjects.length,
    },
  };
}
