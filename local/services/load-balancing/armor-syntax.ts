const MOST_CHARACTERS = 2048;
const MOST_SUBEXPRESSIONS = 5;
const MOST_IN_A_SUBEXPRESSION = 1024;

/** What an expression may begin a name with: attributes, functions, and the words of CEL itself. */
const ROOTS = [
  "evaluateAdaptiveProtection",
  "evaluateAdaptiveProtectionAutoDeploy",
  "evaluateAddressGroup",
  "evaluateOrganizationAddressGroup",
  "evaluatePreconfiguredExpr",
  "evaluatePreconfiguredWaf",
  "evaluateThreatIntelligence",
  "false",
  "has",
  "in",
  "inIpRange",
  "int",
  "origin",
  "request",
  "size",
  "token",
  "true",
];
const STRING = String.raw`r?'(?:\\.|[^'\\\n])*'|r?"(?:\\.|[^"\\\n])*"`;
const TOKEN = new RegExp(
  String.raw`\s*(?:(${STRING})|(&&|\|\||[=!<>]=|[!<>+\-*/%?:])|([()[\]{},.])|(\d+(?:\.\d+)?)|([A-Za-z_]\w*))`,
  "y",
);
const CLOSES: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/**
 * The rule that an expression of Cloud Armor breaks: its length, how many conditions it joins, and as much
 * of its syntax as can be told without its types.
 *
 * @see https://cloud.google.com/armor/docs/rules-language-reference
 */
export function brokenExpression(text: string): string | undefined {
  if (text.trim() === "") return "must not be empty";
  if (text.length > MOST_CHARACTERS) return `must have at most ${MOST_CHARACTERS} characters`;
  const withoutText = text.replace(new RegExp(STRING, "g"), (string) => "s".repeat(string.length));
  const parts = withoutText.split(/&&|\|\|/);
  if (parts.length > MOST_SUBEXPRESSIONS) return `must join at most ${MOST_SUBEXPRESSIONS} subexpressions`;
  if (parts.some((part) => part.length > MOST_IN_A_SUBEXPRESSION)) {
    return `must have at most ${MOST_IN_A_SUBEXPRESSION} characters in each subexpression`;
  }
  return brokenSyntax(text);
}

function brokenSyntax(text: string): string | undefined {
  const open: string[] = [];
  let before: "value" | "operator" | "dot" = "operator";
  const lexer = new RegExp(TOKEN);
  while (lexer.lastIndex < text.trimEnd().length) {
    const from = lexer.lastIndex;
    const match = lexer.exec(text);
    if (!match) return `must be in the rules language, which has no ${text.slice(from).trim().slice(0, 20)}`;
    const [, literal, operator, mark, number, word] = match;
    if (word !== undefined) {
      if (before === "value" && word !== "in") return `must have an operator before ${word}`;
      if (before !== "dot" && !ROOTS.includes(word)) {
        return `must be of the attributes and functions of the rules language, and ${word} is none`;
      }
      before = word === "in" ? "operator" : "value";
    } else if (literal !== undefined || number !== undefined) {
      if (before === "value") return `must have an operator before ${literal ?? number}`;
      before = "value";
    } else if (operator !== undefined) {
      if (before !== "value" && operator !== "!" && operator !== "-")
        return `must have a value before ${operator}`;
      before = "operator";
    } else if (mark === ".") {
      before = "dot";
    } else if (mark !== undefined && mark in CLOSES) {
      open.push(mark);
      before = "operator";
    } else if (mark === ",") {
      before = "operator";
    } else {
      if (CLOSES[open.pop() ?? ""] !== mark) return `must open what ${mark} closes`;
      before = "value";
    }
  }
  if (open.length > 0) return `must close its ${open.at(-1)}`;
  return before === "value" ? undefined : "must end with a value";
}
