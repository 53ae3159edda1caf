/** What a condition may look at. */
export interface VclRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly url: string;
  readonly isTls: boolean;
  /** By lower-case name. `undefined`: not set. */
  header(name: string): string | undefined;
}

export type Condition = (request: VclRequest) => boolean;

/** A condition that the local edge can't evaluate; the message says which part. */
export class UnsupportedVcl extends Error {
  readonly code = "UNSUPPORTED_VCL";

  constructor(statement: string, part: string) {
    super(`The local edge does not evaluate ${part} in the condition ${JSON.stringify(statement)}.`);
    this.name = "UnsupportedVcl";
  }
}

type Value = (request: VclRequest) => string | undefined;

interface Token {
  readonly kind: "string" | "word" | "operator";
  readonly text: string;
}

const TOKEN = /\s*(?:"([^"\n]*)"|\{"([\s\S]*?)"\}|(&&|\|\||!~|==|!=|~|!|\(|\))|([A-Za-z_][A-Za-z0-9_.-]*))/y;
const MOST_PARENTHESES = 32;

/**
 * Compiles a condition's statement: `req.url`, `req.url.path`, `req.method`, `req.request`,
 * `req.http.NAME`, `req.is_ssl`, compared by `~`, `!~`, `==`, `!=` with a string, joined by
 * `!`, `&&`, `||` and parentheses. As in VCL a variable alone asks whether it is set,
 * `&&` binds closer than `||`, and a regular expression is matched anywhere.
 *
 * @throws {UnsupportedVcl} naming anything else.
 * @see https://www.fastly.com/documentation/reference/vcl/operators/
 */
export function compileCondition(statement: string): Condition {
  const parser = new Parser(statement);
  const condition = parser.disjunction(0);
  parser.end();
  return condition;
}

class Parser {
  readonly #statement: string;
  readonly #tokens: Token[] = [];
  #at = 0;

  constructor(statement: string) {
    this.#statement = statement;
    const lexer = new RegExp(TOKEN);
    while (lexer.lastIndex < statement.trimEnd().length) {
      const from = lexer.lastIndex;
      const match = lexer.exec(statement);
      if (!match) throw new UnsupportedVcl(statement, JSON.stringify(statement.slice(from).trim()));
      const [, short, long, operator, word] = match;
      if (short !== undefined) this.#tokens.push({ kind: "string", text: decodeBytes(short) });
      else if (long !== undefined) this.#tokens.push({ kind: "string", text: long });
      else if (operator !== undefined) this.#tokens.push({ kind: "operator", text: operator });
      else this.#tokens.push({ kind: "word", text: word ?? "" });
    }
  }

  disjunction(depth: number): Condition {
    if (depth > MOST_PARENTHESES) throw this.#unsupported(`more than ${MOST_PARENTHESES} nested parentheses`);
    const alternatives = [this.#conjunction(depth)];
    while (this.#take("||")) alternatives.push(this.#conjunction(depth));
    return (request) => alternatives.some((condition) => condition(request));
  }

  end(): void {
    const rest = this.#tokens[this.#at];
    if (rest) throw this.#unsupported(JSON.stringify(rest.text));
  }

  #conjunction(depth: number): Condition {
    const all = [this.#negation(depth)];
    while (this.#take("&&")) all.push(this.#negation(depth));
    return (request) => all.every((condition) => condition(request));
  }

  #negation(depth: number): Condition {
    let isNegated = false;
    while (this.#take("!")) isNegated = !isNegated;
    const condition = this.#primary(depth);
    return isNegated ? (request) => !condition(request) : condition;
  }

  #primary(depth: number): Condition {
    if (this.#take("(")) {
      const inner = this.disjunction(depth + 1);
      if (!this.#take(")")) throw this.#unsupported('a "(" without its ")"');
      return inner;
    }
    const token = this.#tokens[this.#at];
    if (token?.kind !== "word")
      throw this.#unsupported(token ? JSON.stringify(token.text) : "an end too early");
    this.#at += 1;
    if (token.text === "req.is_ssl") return ({ isTls }) => isTls;
    return this.#comparison(this.#variable(token.text));
  }

  #comparison(left: Value): Condition {
    if (this.#take("~")) return this.#matches(left);
    if (this.#take("!~")) {
      const matches = this.#matches(left);
      return (request) => !matches(request);
    }
    if (this.#take("==")) return this.#equals(left);
    if (this.#take("!=")) {
      const equals = this.#equals(left);
      return (request) => !equals(request);
    }
    return (request) => left(request) !== undefined;
  }

  #matches(left: Value): Condition {
    const source = this.#string();
    let pattern: RegExp;
    try {
      pattern = source.startsWith("(?i)") ? new RegExp(source.slice(4), "i") : new RegExp(source);
    } catch {
      throw this.#unsupported(`the regular expression ${JSON.stringify(source)}`);
    }
    return (request) => pattern.test(left(request) ?? "");
  }

  #equals(left: Value): Condition {
    const right = this.#string();
    return (request) => left(request) === right;
  }

  #string(): string {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "string")
      throw this.#unsupported(token ? JSON.stringify(token.text) : "an end too early");
    this.#at += 1;
    return token.text;
  }

  #variable(name: string): Value {
    const header = /^req\.http\.([A-Za-z0-9_-]+)$/.exec(name)?.[1]?.toLowerCase();
    if (header !== undefined) return (request) => request.header(header);
    if (name === "req.url") return ({ url }) => url;
    if (name === "req.url.path") return ({ url }) => url.split("?", 1)[0];
    if (name === "req.method" || name === "req.request") return ({ method }) => method;
    throw this.#unsupported(name);
  }

  #take(operator: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "operator" || token.text !== operator) return false;
    this.#at += 1;
    return true;
  }

  #unsupported(part: string): UnsupportedVcl {
    return new UnsupportedVcl(this.#statement, part);
  }
}

/** Strings know no backslash; a byte may be written `%XX`. */
function decodeBytes(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
