/** Logging's own limit. @see https://cloud.google.com/logging/docs/view/logging-query-language */
export const MOST_FILTER_CHARACTERS = 20_000;

const OPERATORS = ["!=", "!~", "=~", ">=", "<=", "=", ">", "<", ":"] as const;
export type Operator = (typeof OPERATORS)[number];

export type Filter =
  | { readonly kind: "and" | "or"; readonly terms: readonly Filter[] }
  | { readonly kind: "not"; readonly term: Filter }
  | {
      readonly kind: "comparison";
      readonly path: readonly string[];
      readonly operator: Operator;
      readonly value: string;
    }
  /** A search term without a field, for which every field is searched. */
  | { readonly kind: "search"; readonly text: string }
  | { readonly kind: "call"; readonly name: string };

/** What is wrong with a filter, as it follows "the filter ". */
export class FilterSyntaxError extends Error {
  readonly code = "FILTER_SYNTAX";

  constructor(message: string) {
    super(message);
    this.name = "FilterSyntaxError";
  }
}

interface Token {
  readonly kind: "word" | "quoted" | "sign";
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const TOKEN =
  /(?<space>\s+|--[^\n]*)|"(?<quoted>(?:[^"\\]|\\.)*)"|(?<word>[\w./*@%+~$][\w./*@%+~$-]*)|(?<sign>!=|!~|=~|>=|<=|[=><:(),-])/gsy;

/**
 * Reads a filter of Logging's query language. `OR` binds closer than `AND` there, which two terms
 * side by side mean too. An empty filter is the `and` of nothing: it takes every entry.
 *
 * @throws {FilterSyntaxError}
 * @see https://cloud.google.com/logging/docs/view/logging-query-language
 */
export function parseFilter(text: string): Filter {
  if (text.length > MOST_FILTER_CHARACTERS)
    throw new FilterSyntaxError(`has ${text.length} characters, more than ${MOST_FILTER_CHARACTERS}`);
  const parser = new Parser(tokenize(text));
  const filter = parser.conjunction();
  parser.expectEnd();
  return filter;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const start = TOKEN.lastIndex;
    const groups = TOKEN.exec(text)?.groups;
    if (!groups) throw new FilterSyntaxError(`has ${JSON.stringify(text[start])} at character ${start + 1}`);
    const { quoted, word, sign } = groups;
    const at = { start, end: TOKEN.lastIndex };
    if (quoted !== undefined) tokens.push({ kind: "quoted", text: unquote(quoted), ...at });
    else if (word !== undefined) tokens.push({ kind: "word", text: word, ...at });
    else if (sign !== undefined) tokens.push({ kind: "sign", text: sign, ...at });
  }
  return tokens;
}

/** A regular expression keeps its own escapes: only quotes and backslashes are the string's. */
function unquote(quoted: string): string {
  return quoted.replaceAll(/\\(["\\])/g, "$1");
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  conjunction(): Filter {
    const terms: Filter[] = [];
    while (this.#peek() && !this.#is(")")) {
      if (terms.length > 0) this.#takeWord("AND");
      terms.push(this.#disjunction());
    }
    const [only] = terms;
    return only && terms.length === 1 ? only : { kind: "and", terms };
  }

  expectEnd(): void {
    if (this.#peek()) this.#fail();
  }

  #disjunction(): Filter {
    const first = this.#negation();
    const terms = [first];
    while (this.#takeWord("OR")) terms.push(this.#negation());
    return terms.length === 1 ? first : { kind: "or", terms };
  }

  #negation(): Filter {
    if (this.#takeWord("NOT") || this.#take("-")) return { kind: "not", term: this.#negation() };
    if (!this.#take("(")) return this.#comparison();
    const inner = this.conjunction();
    if (!this.#take(")")) this.#fail();
    return inner;
  }

  #comparison(): Filter {
    const first = this.#next();
    if (first.kind === "quoted") return { kind: "search", text: first.text };
    if (first.kind === "sign" || /^(AND|OR|NOT)$/.test(first.text)) this.#fail(first);
    if (this.#take("(")) return this.#call(first.text);
    const path = this.#path(first);
    const operator = OPERATORS.find((sign) => this.#take(sign));
    if (operator === undefined) return { kind: "search", text: path.join(".") };
    return this.#value((value) => ({ kind: "comparison", path, operator, value }));
  }

  /** One value, or several that are joined within parentheses. */
  #value(compare: (value: string) => Filter): Filter {
    if (!this.#take("(")) {
      const token = this.#next();
      if (token.kind === "sign" && token.text === "-") return compare(`-${this.#next().text}`);
      if (token.kind === "sign") this.#fail(token);
      return compare(token.text);
    }
    const either: Filter[] = [];
    do {
      const negated = this.#takeWord("NOT");
      const term = this.#value(compare);
      either.push(negated ? { kind: "not", term } : term);
    } while (this.#takeWord("OR"));
    const rest: Filter[] = [];
    while (this.#takeWord("AND")) rest.push(this.#value(compare));
    if (!this.#take(")")) this.#fail();
    const first: Filter = { kind: "or", terms: either };
    return rest.length === 0 ? first : { kind: "and", terms: [first, ...rest] };
  }

  #call(name: string): Filter {
    while (!this.#take(")")) this.#next();
    return { kind: "call", name };
  }

  /** `labels."a/b".c`: a part that is not a plain word stands in quotes. */
  #path(first: Token): readonly string[] {
    const path = first.text.split(".");
    let last = first;
    for (;;) {
      const next = this.#peek();
      if (!next || next.start !== last.end || next.kind === "sign") break;
      this.#at++;
      last = next;
      if (next.kind === "quoted") path[path.length - 1] += next.text;
      else {
        const [glued = "", ...others] = next.text.split(".");
        path[path.length - 1] += glued;
        path.push(...others);
      }
    }
    if (path.some((part) => part === "")) this.#fail(first);
    return path;
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #next(): Token {
    const token = this.#peek();
    if (!token) throw new FilterSyntaxError("ends too early");
    this.#at++;
    return token;
  }

  #is(sign: string): boolean {
    const token = this.#peek();
    return token?.kind === "sign" && token.text === sign;
  }

  #take(sign: string): boolean {
    const taken = this.#is(sign);
    if (taken) this.#at++;
    return taken;
  }

  #takeWord(word: "AND" | "OR" | "NOT"): boolean {
    const token = this.#peek();
    const taken = token?.kind === "word" && token.text === word;
    if (taken) this.#at++;
    return taken;
  }

  #fail(token = this.#peek()): never {
    if (!token) throw new FilterSyntaxError("ends too early");
    throw new FilterSyntaxError(`has ${JSON.stringify(token.text)} at character ${token.start + 1}`);
  }
}
