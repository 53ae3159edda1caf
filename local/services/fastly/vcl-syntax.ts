import { brokenBrackets } from "../../../review/rules/brackets.ts";

/** What a name may begin with: variables and functions of Fastly's VCL. */
const ROOTS = new Set(
  `accept addr backend bereq beresp bin boltsort client crypto cstr_escape digest early_hints error esi false fastly
  fastly_info geoip goto h2 h3 header http_status_matches if json math now obj parse_time_delta querystring quic
  randombool randombool_seeded randomint randomint_seeded randomstr ratelimit re req resp regsub regsuball segmented_caching
  server setcookie stale std strftime strptime subfield substr table time tls transport true urldecode urlencode utf8 uuid
  var waf workspace xml_escape`.split(/\s+/),
);
/** A long string may have a word of its own at both ends: {HTML"<p>"HTML}. */
const STRING = String.raw`"[^"\n]*"|\{(?<delimiter>\w*)"[\s\S]*?"\k<delimiter>\}`;
const BLOCK_COMMENT = String.raw`/\*[\s\S]*?\*/`;
const LINE_COMMENT = String.raw`(?:#|//)[^\n]*`;
const TOKEN = new RegExp(
  String.raw`\s*(?:(?<literal>${STRING})|(?<operator>&&|\|\||!~|[=!<>]=|[~!<>+-])|(?<mark>[(),])|(?<number>\d+(?:\.\d+)?(?:ms|[smhdy])?)(?![\w.])|(?<word>[A-Za-z_][\w-]*(?:[.:][\w-]+)*))`,
  "y",
);

/** Where objects of VCL exist: a condition looks at some of them. @see https://www.fastly.com/documentation/reference/vcl/variables/ */
export const ABSENT_OBJECTS: Readonly<Record<string, readonly string[]>> = {
  REQUEST: ["bereq", "beresp", "obj", "resp"],
  CACHE: ["obj", "resp"],
  RESPONSE: ["bereq", "beresp"],
};

/**
 * The rule that an expression of VCL breaks, as far as can be told without its types: tokens, parentheses,
 * operators between values, names that begin no variable or function, and regular expressions.
 *
 * @param absent objects that do not exist where the expression is evaluated.
 * @see https://www.fastly.com/documentation/reference/vcl/operators/
 */
export function brokenVclExpression(expression: string, absent: readonly string[] = []): string | undefined {
  const text = without([BLOCK_COMMENT], expression);
  if (text.trim() === "") return "must be an expression of VCL, and is empty";
  let open = 0;
  let called = "";
  let compared = "";
  let before: "value" | "operator" | "match" = "operator";
  const lexer = new RegExp(TOKEN);
  while (lexer.lastIndex < text.trimEnd().length) {
    const from = lexer.lastIndex;
    const match = lexer.exec(text);
    if (!match) return `must be an expression of VCL, which has no ${shown(text.slice(from))}`;
    const { literal, operator, mark, number, word } = match.groups ?? {};
    if (operator !== undefined) {
      if (before !== "value" && operator !== "!" && operator !== "-")
        return `must have a value before ${operator}`;
      before = operator.endsWith("~") ? "match" : "operator";
      if (!/^[=!]=$/.test(operator)) compared = "";
    } else if (mark === "(") {
      open += 1;
      before = "operator";
      called = /([\w.]+)\($/.exec(text.slice(0, lexer.lastIndex))?.[1] ?? "";
    } else if (mark !== undefined) {
      if (before !== "value" && text[lexer.lastIndex - 2] !== "(") return `must have a value before ${mark}`;
      if (mark === ")" && --open < 0) return "must open every parenthesis that it closes";
      before = mark === ")" ? "value" : "operator";
    } else {
      // Tables, ACLs and backends are the service's own, and named where only they can stand.
      const isOwn =
        (before === "match" ||
          (called.startsWith("table.") && text.charAt(from - 1) === "(") ||
          (before === "operator" && /^(?:be)?(?:req|resp)\.backend$/.test(compared))) &&
        /^\w+$/.test(word ?? "");
      const broken =
        word !== undefined
          ? isOwn
            ? undefined
            : brokenName(word, absent)
          : before === "match" && literal !== undefined
            ? brokenPattern(literal)
            : undefined;
      if (broken !== undefined) return broken;
      if (number !== undefined && before === "match") return "must match a string";
      before = "value";
      compared = word ?? "";
    }
  }
  if (open > 0) return "must close every parenthesis that it opens";
  return before === "value" ? undefined : "must end with a value";
}

/** The rule that a piece of VCL breaks: its quotes, its brackets, and the end of its last statement. */
export function brokenVclCode(code: string): string | undefined {
  const bare = withoutText(code);
  if (bare.replaceAll('""', "").includes('"')) return "must close every string that it opens";
  const broken = brokenBrackets(bare);
  if (broken !== undefined) return broken;
  return bare.trim() === "" || /[;}]\s*$/.test(bare) ? undefined : "must end its last statement with ;";
}

/** VCL with its strings emptied and without its comments. */
export function withoutText(code: string): string {
  return without([BLOCK_COMMENT, LINE_COMMENT], code).replace(new RegExp(STRING, "g"), '""');
}

/** What looks like a comment within a string is none. */
function without(comments: readonly string[], code: string): string {
  const pattern = new RegExp([STRING, ...comments].join("|"), "g");
  return code.replace(pattern, (found) => (/^["{]/.test(found) ? found : " "));
}

function brokenName(word: string, absent: readonly string[]): string | undefined {
  const root = word.split(/[.:]/, 1)[0] ?? "";
  if (absent.includes(root)) return `must not look at ${word}, which does not exist there`;
  return ROOTS.has(root)
    ? undefined
    : `must name variables of VCL (texts are in double quotes), and ${word} is none`;
}

function brokenPattern(literal: string): string | undefined {
  const pattern = literal.replace(/^(?:\{\w*)?"|"(?:\w*\})?$/g, "").replace(/^\(\?[imsx]+\)/, "");
  // What PCRE has and JavaScript lacks is left to Fastly.
  if (/\(\?[^:=!<]|[*+?}]\+|\\[AzZKGQE]|\[\[:/.test(pattern)) return undefined;
  try {
    new RegExp(pattern);
    return undefined;
  } catch {
    return `must match a regular expression, and ${shown(literal)} is none`;
  }
}

function shown(text: string): string {
  const short = text.trim().slice(0, 24);
  return short.length < text.trim().length ? `${short}…` : short;
}
