import type { Notice } from "./channel.ts";
import { type Signposts, wordingOf } from "./wording.ts";

/** Slack's limits. @see https://docs.slack.dev/reference/block-kit/blocks */
const MAX_HEADER = 150;
const MAX_SECTION = 3_000;
const SIGNS = { critical: ":rotating_light:", error: ":red_circle:", warning: ":warning:" } as const;
const OVER = ":white_check_mark:";

interface Text {
  readonly type: "plain_text" | "mrkdwn";
  readonly text: string;
  readonly emoji?: boolean;
}

type Block =
  | { readonly type: "header"; readonly text: Text }
  | { readonly type: "section"; readonly text?: Text; readonly fields?: readonly Text[] }
  | { readonly type: "context"; readonly elements: readonly Text[] };

export interface SlackMessage {
  /** What a notification shows, and screen readers read. */
  readonly text: string;
  readonly blocks: readonly Block[];
  /** Links of notices lead to runbooks, of which a preview is in the way. */
  readonly unfurl_links: false;
}

/** @see https://docs.slack.dev/block-kit */
export function slackMessage(notice: Notice, signposts: Signposts): SlackMessage {
  const words = wordingOf(notice, signposts);
  const sign = notice.told === "over" ? OVER : SIGNS[words.severity];
  const heading = `${sign} ${words.title}: ${words.subject}`;
  const guidance =
    notice.told === "over"
      ? []
      : [section(`*The platform:* ${escaped(words.byItself)}\n*You:* ${escaped(words.byPerson)}`)];
  return {
    text: escaped(heading),
    blocks: [
      { type: "header", text: { type: "plain_text", text: cut(heading, MAX_HEADER), emoji: true } },
      section(escaped(words.what)),
      {
        type: "section",
        fields: [mrkdwn(`*Since*\n${escaped(words.since)}`), mrkdwn(`*Severity*\n${words.severity}`)],
      },
      ...guidance,
      {
        type: "context",
        elements: [mrkdwn(`${escaped(signposts.platformName)} · <${words.runbookUrl}|Runbook>`)],
      },
    ],
    unfurl_links: false,
  };
}

function section(text: string): Block {
  return { type: "section", text: mrkdwn(text) };
}

function mrkdwn(text: string): Text {
  return { type: "mrkdwn", text: cut(text, MAX_SECTION) };
}

/** What a domain's owner can put into a sentence must not become a mention or a link. @see https://docs.slack.dev/messaging/formatting-message-text */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
