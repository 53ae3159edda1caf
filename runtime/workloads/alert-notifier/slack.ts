import { setTimeout as sleep } from "node:timers/promises";
import { sendRequest } from "../../workload/send-request.ts";
import { type Channel, ChannelBusy, NoticeRefused } from "./channel.ts";
import { slackMessage } from "./slack-message.ts";
import type { Signposts } from "./wording.ts";

const DEADLINE_MS = 10_000;
/** Slack takes one message a second of a webhook, and a few more at once. */
const SPACING_MS = 1_000;
const BAD_REQUEST = 400;
const TOO_MANY = 429;
/** Where Slack names no pause. */
const PAUSE_SECONDS = 60;
const MAX_PAUSE_SECONDS = 3_600;

export interface SlackOptions {
  /** An incoming webhook: whoever has its URL can write, so it is in no log and no error. */
  readonly webhookUrl: string;
  readonly signposts: Signposts;
  readonly now: () => Date;
  /** @default 1,000 */
  readonly spacingMs?: number;
}

/** A channel of Slack, by an incoming webhook. @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
export function slackChannel({ webhookUrl, signposts, now, spacingMs = SPACING_MS }: SlackOptions): Channel {
  let freeAt = 0;
  return {
    name: "slack",
    async tell(notice) {
      const waitMs = freeAt - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      freeAt = performance.now() + spacingMs;
      const reply = await post(webhookUrl, JSON.stringify(slackMessage(notice, signposts)));
      if (reply.status >= 200 && reply.status < 300) return;
      if (reply.status === TOO_MANY) {
        throw new ChannelBusy("Slack", new Date(now().getTime() + pauseMs(reply.headers["retry-after"])));
      }
      const answer = `Slack answered ${reply.status} ${reply.body.toString("utf8", 0, 100)}.`;
      throw reply.status === BAD_REQUEST ? new NoticeRefused(answer) : new Error(answer);
    },
  };
}

async function post(webhookUrl: string, body: string) {
  try {
    const headers = { "content-type": "application/json" };
    return await sendRequest(webhookUrl, { method: "POST", headers, body, deadlineMs: DEADLINE_MS });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    throw new Error(`Slack gave no answer${code}.`);
  }
}

function pauseMs(retryAfter: string | undefined): number {
  const seconds = Number(retryAfter);
  const isGiven = retryAfter !== undefined && Number.isFinite(seconds) && seconds >= 0;
  return Math.min(MAX_PAUSE_SECONDS, isGiven ? seconds : PAUSE_SECONDS) * 1_000;
}
