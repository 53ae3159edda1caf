const MAX_BLOCKS = 50;
const MAX_HEADER = 150;
const MAX_TEXT = 3_000;
const MAX_FIELDS = 10;
const MAX_FIELD = 2_000;
const MAX_ELEMENTS = 10;

type Texts = { readonly type?: unknown; readonly text?: unknown };

/**
 * What Slack answers to a message that its webhook does not take, in its words; `undefined` for one that
 * it takes. Blocks are checked as far as text goes.
 *
 * @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
 * @see https://docs.slack.dev/reference/block-kit/blocks
 */
export function slackRefusal(message: unknown): "invalid_payload" | "no_text" | "invalid_blocks" | undefined {
  if (typeof message !== "object" || message === null) return "invalid_payload";
  const { text, blocks } = message as { readonly text?: unknown; readonly blocks?: unknown };
  if (blocks === undefined) return typeof text === "string" && text !== "" ? undefined : "no_text";
  if (!Array.isArray(blocks) || blocks.length > MAX_BLOCKS) return "invalid_blocks";
  return blocks.every(isBlock) ? undefined : "invalid_blocks";
}

function isBlock(block: unknown): boolean {
  const { type, text, fields, elements } = (block ?? {}) as Record<string, unknown>;
  switch (type) {
    case "header":
      return isText(text, MAX_HEADER, ["plain_text"]);
    case "section":
      return (
        (text !== undefined || fields !== undefined) &&
        (text === undefined || isText(text, MAX_TEXT)) &&
        (fields === undefined || areTexts(fields, MAX_FIELDS, MAX_FIELD))
      );
    case "context":
      return areTexts(elements, MAX_ELEMENTS, MAX_TEXT);
    case "divider":
      return true;
    default:
      return false;
  }
}

function areTexts(texts: unknown, most: number, length: number): boolean {
  return (
    Array.isArray(texts) &&
    texts.length > 0 &&
    texts.length <= most &&
    texts.every((text) => isText(text, length))
  );
}

function isText(
  value: unknown,
  length: number,
  types: readonly string[] = ["plain_text", "mrkdwn"],
): boolean {
  const { type, text } = (value ?? {}) as Texts;
  return types.includes(String(type)) && typeof text === "string" && text !== "" && text.length <= length;
}
