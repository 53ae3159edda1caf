const METHOD = "http-01";
const METHODS_TAG = "validationmethods";
/** A tag starts and ends with a letter or digit; a value holds no space and no semicolon. */
const PARAMETER = /^([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)[ \t]*=[ \t]*([\x21-\x3a\x3c-\x7e]*)$/i;
const METHOD_NAME = /^[a-z0-9-]+$/i;

/** Whom the value of an `issue` property allows, and how. */
export interface CaaIssuer {
  /** In lower case; empty for nobody. */
  readonly name: string;
  /** Whether it says what RFC 8659 lets it say. What does not allows nobody. */
  readonly isWellFormed: boolean;
  /** Whether the issuer may validate the way that we do. */
  readonly allowsMethod: boolean;
  /** The value that would let it, with all else that it says. */
  readonly corrected: string;
}

/** @see https://www.rfc-editor.org/rfc/rfc8659#section-4.2 and RFC 8657, section 4, for `validationmethods` */
export function parseCaaIssuer(value: string): CaaIssuer {
  const [name = "", ...rest] = value.split(";").map((part) => part.replace(/^[ \t]+|[ \t]+$/g, ""));
  const parameters = rest.map((text) => ({ text, parsed: PARAMETER.exec(text) }));
  // One semicolon may stand for no parameters.
  const isWellFormed = (rest.length === 1 && rest[0] === "") || parameters.every(({ parsed }) => parsed);
  const kept = parameters.flatMap(({ text, parsed }) => {
    const [, tag = "", list = ""] = parsed ?? [];
    return parsed ? { text, methods: tag.toLowerCase() === METHODS_TAG ? list.split(",") : undefined } : [];
  });
  return {
    name: name.toLowerCase().replace(/\.$/, ""),
    isWellFormed,
    allowsMethod: kept.every(({ methods }) => methods === undefined || allows(methods)),
    corrected: [
      name,
      ...kept.map(({ text, methods }) =>
        methods === undefined || allows(methods) ? text : `${METHODS_TAG}=${withOurs(methods)}`,
      ),
    ].join("; "),
  };
}

/** A list that names anything impossible counts for nothing. */
function allows(methods: readonly string[]): boolean {
  return methods.every((method) => METHOD_NAME.test(method)) && methods.includes(METHOD);
}

function withOurs(methods: readonly string[]): string {
  const others = methods.filter((method) => METHOD_NAME.test(method) && method !== METHOD);
  return [...others, METHOD].join(",");
}
