import { ofText, type Rule } from "../../../review/rules/rule.ts";

const MOST_BYTES = 256;
const TOKENS =
  /\s*(?:(hasPrefix\b)|(attributes\b)|(AND\b|OR\b)|(NOT\b|-)|(!=|=)|([().,:])|("(?:[^"\\]|\\.)*")|([\p{L}_-][\p{L}\p{N}_-]*))/uy;

type Token = "hasPrefix" | "attributes" | "and-or" | "not" | "equals" | "string" | "word" | string;

/** A subscription's filter, in length and syntax. @see https://cloud.google.com/pubsub/docs/subscription-message-filter#filtering_syntax */
export function subscriptionFilter(): Rule {
  return ofText((filter) => {
    if (filter === "") return undefined;
    if (Buffer.byteLength(filter) > MOST_BYTES) return `must have at most ${MOST_BYTES} bytes`;
    return isFilter(filter)
      ? undefined
      : 'must be of the form attributes:KEY, attributes.KEY = "VALUE" or hasPrefix(attributes.KEY, "VALUE"), joined by AND, OR and NOT';
  });
}

function isFilter(filter: string): boolean {
  const tokens = tokensOf(filter.trimEnd());
  if (!tokens) return false;
  let at = 0;
  const takes = (...expected: readonly Token[]) => {
    const found = expected.every((token, index) => fits(tokens[at + index], token));
    if (found) at += expected.length;
    return found;
  };
  /** AND and OR are not mixed without parentheses. */
  const expression = (): boolean => {
    if (!term()) return false;
    const operator = tokens[at]?.text;
    while (tokens[at]?.kind === "and-or") {
      if (tokens[at]?.text !== operator) return false;
      at += 1;
      if (!term()) return false;
    }
    return true;
  };
  const term = (): boolean => {
    takes("not");
    if (takes("(")) return expression() && takes(")");
    return (
      takes("attributes", ":", "word") ||
      takes("attributes", ":", "string") ||
      takes("attributes", ".", "word", "equals", "string") ||
      takes("attributes", ".", "string", "equals", "string") ||
      takes("hasPrefix", "(", "attributes", ".", "word", ",", "string", ")") ||
      takes("hasPrefix", "(", "attributes", ".", "string", ",", "string", ")")
    );
  };
  return expression() && at === tokens.length;
}

interface Lexeme {
  readonly kind: Token;
  readonly text: string;
}

/** A key may be one of the words that mean something elsewhere. */
function fits(lexeme: Lexeme | undefined, token: Token): boolean {
  if (token === "word") return lexeme !== undefined && /^[\p{L}_-]/u.test(lexeme.text) && lexeme.text !== "-";
  return lexeme?.kind === token;
}

function tokensOf(text: string): readonly Lexeme[] | undefined {
  const kinds: readonly (Token | undefined)[] = [
    "hasPrefix",
    "attributes",
    "and-or",
    "not",
    "equals",
    undefined,
    "string",
    "word",
  ];
  const found: Lexeme[] = [];
  TOKENS.lastIndex = 0;
  while (TOKENS.lastIndex < text.length) {
    const match = TOKENS.exec(text);
    if (!match) return undefined;
    const group = match.slice(1).findIndex((part) => part !== undefined);
    const part = match[group + 1] ?? "";
    found.push({ kind: kinds[group] ?? part, text: part });
  }
  return found;
}
