import type { IncomingHttpHeaders } from "node:http";

/** What an expression may look at. */
export interface ArmorRequest {
  readonly address: string;
  /** By lower-case name. */
  readonly headers: IncomingHttpHeaders;
}

export type Expression = (request: ArmorRequest) => boolean;

/** An expression that the local load balancer can't evaluate. */
export class UnsupportedExpression extends Error {
  readonly code = "UNSUPPORTED_EXPRESSION";
  readonly part: string;

  constructor(part: string) {
    super(`The local load balancer does not evaluate ${part}.`);
    this.name = "UnsupportedExpression";
    this.part = part;
  }
}

/** A header that is not there has no value: what compares it has no result, and its rule doesn't match. */
class NoSuchKey extends Error {
  readonly code = "NO_SUCH_KEY";
}

type Condition = (request: ArmorRequest) => boolean;

const TOKEN = /\s*(?:'((?:[^'\\\n])*)'|"((?:[^"\\\n])*)"|(&&|\|\||==|!=|!|\(|\)|\[|\])|([A-Za-z_][\w.]*))/y;
const MOST_PARENTHESES = 32;
const HEADERS = "request.headers";

interface Token {
  readonly kind: "string" | "operator" | "word";
  readonly text: string;
}

/**
 * Compiles an expression of Cloud Armor that looks at headers: `request.headers['NAME']` compared by `==`
 * and `!=` with a string, `has(request.headers['NAME'])`, joined by `!`, `&&`, `||` and parentheses. As in
 * CEL a side that decides by itself decides, though the other has no result.
 *
 * @throws {UnsupportedExpression} naming anything else.
 * @see https://cloud.google.com/armor/docs/rules-language-reference
 */
export function compileExpression(text: string): Expression {
  const parser = new Parser(text);
  const condition = parser.disjunction(0);
  parser.end();
  return (request) => {
    try {
      return condition(request);
    } catch (error) {
      if (error instanceof NoSuchKey) return false;
      throw error;
    }
  };
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  disjunction(depth: number): Condition {
    if (depth > MOST_PARENTHESES) throw new UnsupportedExpression("so many parentheses");
    let left = this.#conjunction(depth);
    while (this.#take("||")) left = either(left, this.#conjunction(depth), true);
    return left;
  }

  end(): void {
    const rest = this.#tokens[this.#at];
    if (rest) throw new UnsupportedExpression(JSON.stringify(rest.text));
  }

  #conjunction(depth: number): Condition {
    let left = this.#negation(depth);
    while (this.#take("&&")) left = either(left, this.#negation(depth), false);
    return left;
  }

  #negation(depth: number): Condition {
    if (!this.#take("!")) return this.#primary(depth);
    const condition = this.#negation(depth);
    return (request) => !condition(request);
  }

  #primary(depth: number): Condition {
    if (this.#take("(")) {
      const inner = this.disjunction(depth + 1);
      this.#demand(")");
      return inner;
    }
    const word = this.#next("word");
    if (word === "has") {
      this.#demand("(");
      this.#word(HEADERS);
      const name = this.#key();
      this.#demand(")");
      return ({ headers }) => headers[name] !== undefined;
    }
    if (word !== HEADERS) throw new UnsupportedExpression(word);
    const name = this.#key();
    const isEqual = this.#take("==");
    if (!isEqual) this.#demand("!=");
    const wanted = this.#next("string");
    return ({ headers }) => {
      const value = headers[name];
      if (value === undefined) throw new NoSuchKey();
      return (String(value) === wanted) === isEqual;
    };
  }

  #key(): string {
    this.#demand("[");
    const name = this.#next("string");
    this.#demand("]");
    return name;
  }

  #word(text: string): void {
    const word = this.#next("word");
    if (word !== text) throw new UnsupportedExpression(word);
  }

  #next(kind: Token["kind"]): string {
    const token = this.#tokens[this.#at];
    if (token?.kind !== kind)
      throw new UnsupportedExpression(token ? JSON.stringify(token.text) : "an early end");
    this.#at += 1;
    return token.text;
  }

  #demand(operator: string): void {
    if (!this.#take(operator))
      throw new UnsupportedExpression(JSON.stringify(this.#tokens[this.#at]?.text ?? ""));
  }

  #take(operator: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "operator" || token.text !== operator) return false;
    this.#at += 1;
    return true;
  }
}

/** `||` with `decisive` true, `&&` with false. @see https://github.com/google/cel-spec/blob/master/doc/langdef.md#logical-operators */
function either(left: Condition, right: Condition, decisive: boolean): Condition {
  return (request) => {
    let missing: NoSuchKey | undefined;
    for (const side of [left, right]) {
      try {
        if (side(request) === decisive) return decisive;
      } catch (error) {
        if (!(error instanceof NoSuchKey)) throw error;
        missing = error;
      }
    }
    if (missing) throw missing;
    return !decisive;
  };
}

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const lexer = new RegExp(TOKEN);
  while (lexer.lastIndex < text.trimEnd().length) {
    const from = lexer.lastIndex;
    const match = lexer.exec(text);
    if (!match) throw new UnsupportedExpression(JSON.stringify(text.slice(from).trim().slice(0, 20)));
    const [, single, double, operator, word] = match;
    const string = single ?? double;
    if (string !== undefined) tokens.push({ kind: "string", text: string });
    else if (operator !== undefined) tokens.push({ kind: "operator", text: operator });
    else tokens.push({ kind: "word", text: word ?? "" });
  }
  return tokens;
}
