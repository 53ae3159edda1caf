const CLOSES: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };
const STRINGS = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`/g;

/**
 * The rule that an expression breaks, as far as any language tells: its quotes and its brackets.
 *
 * @param comment what a comment up to the line's end looks like.
 */
export function brokenExpression(text: string, comment: RegExp): string | undefined {
  const bare = text.replace(STRINGS, "").replace(comment, "");
  return /["'`]/.test(bare) ? "must close every string that it opens" : brokenBrackets(bare);
}

/** @param text without what brackets mean nothing in. */
export function brokenBrackets(text: string): string | undefined {
  const open: string[] = [];
  for (const [bracket] of text.matchAll(/[()[\]{}]/g)) {
    if (bracket in CLOSES) open.push(bracket);
    else if (CLOSES[open.pop() ?? ""] !== bracket) return `must open every ${bracket} that it closes`;
  }
  return open.length > 0 ? `must close every ${open.at(-1)} that it opens` : undefined;
}
