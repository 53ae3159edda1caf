import ipaddr from "ipaddr.js";
import { getPublicSuffix } from "tldts";
import { toASCII } from "tr46";

/** RFC 1035, section 2.3.4, without the root's dot. */
const MAX_NAME_LENGTH = 253;
const MAX_LABEL_LENGTH = 63;
/** Bounds the work on Unicode input: what is longer than this is too long also after its mapping. */
const MAX_INPUT_LENGTH = 1_024;
const SPACE_OR_CONTROL = /[\s\p{Cc}]/u;
/** In ASCII: what no host name holds, and where none may have a hyphen. Ideographic full stops separate, too. */
const FORBIDDEN_ASCII = /(?![a-z0-9.-])\p{ASCII}|(?:^|[.。])-|-(?:$|[.。])/iu;
/** URL parsers take a name whose last label is of this kind for an IPv4 address. */
const NUMERIC_LABEL = /^(?:[0-9]+|0x[0-9a-f]*)$/;
/**
 * Names of private networks and of addresses, for which no public CA issues. `test` and `example` are
 * reserved as well, for uses such as this platform's own on one machine.
 *
 * @see https://www.iana.org/assignments/special-use-domain-names
 */
const RESERVED_SUFFIXES = [
  "internal",
  "invalid",
  "local",
  "localhost",
  "home.arpa",
  "in-addr.arpa",
  "ip6.arpa",
];

export type DomainName =
  | {
      readonly kind: "valid";
      /** ASCII, lower case, without a trailing dot. */
      readonly domain: string;
      /** The input, where it was written otherwise. */
      readonly normalizedFrom: string | undefined;
    }
  | { readonly kind: "invalid"; readonly rule: string };

/**
 * Checks that a name can have a certificate of its own and writes it in its one form: IDNA by
 * UTS #46, non-transitional, with STD3 rules.
 *
 * @see https://www.unicode.org/reports/tr46/
 */
export function parseDomainName(input: string): DomainName {
  const rule = ruleForInput(input);
  if (rule !== undefined) return { kind: "invalid", rule };

  const ascii = toASCII(input, {
    checkBidi: true,
    checkHyphens: true,
    checkJoiners: true,
    useSTD3ASCIIRules: true,
    transitionalProcessing: false,
    verifyDNSLength: false,
  });
  if (ascii === null) return invalid(ruleForUnmapped(input));
  const domain = ascii.endsWith(".") ? ascii.slice(0, -1) : ascii;
  const broken = ruleForName(domain);
  if (broken !== undefined) return invalid(broken);
  return { kind: "valid", domain, normalizedFrom: domain === input ? undefined : input };
}

/** The rule against a valid name that no customer can have, if it breaks it. */
export function ruleForReserved(domain: string): string | undefined {
  const suffix = RESERVED_SUFFIXES.find((reserved) => `.${domain}`.endsWith(`.${reserved}`));
  return suffix && `must not be in ${suffix}, which is reserved: no public CA issues certificates for it`;
}

/** What can only be told from the text as it was given. */
function ruleForInput(input: string): string | undefined {
  if (input.trim() === "") return "must not be empty";
  if (input.length > MAX_INPUT_LENGTH) return `must be ${MAX_NAME_LENGTH} characters or less`;
  if (SPACE_OR_CONTROL.test(input)) return "must not hold spaces or control characters";
  if (input.includes("*")) return "must not be a wildcard";
  if (input.includes("_")) return "must not hold an underscore";
  if (ipaddr.isValid(input.replace(/^\[(.*)\]$/, "$1"))) return "must be a name, not an IP address";
  return undefined;
}

/** Which of its rules IDNA's mapping broke off at, as far as a customer can tell them apart. */
function ruleForUnmapped(input: string): string {
  return FORBIDDEN_ASCII.test(input.normalize("NFKC"))
    ? "must hold only letters, digits and hyphens between its dots, and no label may start or end with a hyphen"
    : "must be valid IDNA (UTS #46), which does not allow one of its characters or labels";
}

function ruleForName(domain: string): string | undefined {
  const labels = domain.split(".");
  if (labels.includes("")) return "must not hold an empty label (two dots in a row, or one in front)";
  if (labels.some((label) => label.length > MAX_LABEL_LENGTH)) {
    return `must have labels of ${MAX_LABEL_LENGTH} characters or less`;
  }
  if (domain.length > MAX_NAME_LENGTH) return `must be ${MAX_NAME_LENGTH} characters or less`;
  if (NUMERIC_LABEL.test(labels.at(-1) ?? "")) return "must be a name, not an IP address";
  if (labels.length < 2) return "must have two labels or more";
  // Private suffixes count: a name under which others register their own belongs to none of them.
  if (getPublicSuffix(domain, { allowPrivateDomains: true }) === domain) {
    return "must not be a public suffix, under which others register names";
  }
  return undefined;
}

function invalid(rule: string): DomainName {
  return { kind: "invalid", rule };
}
