import type { CaaRecord } from "node:dns";
import type { DnsLookup } from "./dns-lookup.ts";

/** Tags that a CA understands; any other that is critical forbids it to issue (RFC 8659, section 4.1). */
const KNOWN_TAGS = new Set(["issue", "issuewild", "iodef", "issuemail"]);
const CRITICAL_BIT = 128;
const METHOD = "http-01";
const PARAMETER = /^([a-z0-9-]+)[ \t]*=[ \t]*([\x21-\x3a\x3c-\x7e]*)$/i;

export type CaaVerdict =
  | { readonly kind: "allowed" }
  /** `holder` is the name that has the records: the domain or a parent of it. */
  | { readonly kind: "forbidden"; readonly holder: string; readonly because: string }
  | { readonly kind: "trouble"; readonly holder: string; readonly what: string };

/**
 * Whether CAA lets a CA, known by `identities`, issue for `domain` by HTTP-01: the closest name up
 * the tree that has CAA records decides.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8659#section-3 and RFC 8657 for `validationmethods`.
 *   `accounturi` is left to the CA, which knows the account.
 */
export async function checkCaa(
  dns: Pick<DnsLookup, "caa">,
  domain: string,
  identities: readonly string[],
): Promise<CaaVerdict> {
  const labels = domain.split(".");
  for (let cut = 0; cut < labels.length; cut++) {
    const holder = labels.slice(cut).join(".");
    const answer = await dns.caa(holder);
    if (answer.kind === "trouble") return { kind: "trouble", holder, what: answer.what };
    if (answer.records.length === 0) continue;
    const because = objection(answer.records, identities);
    return because === undefined ? { kind: "allowed" } : { kind: "forbidden", holder, because };
  }
  return { kind: "allowed" };
}

/** Why a relevant record set forbids our CA, if it does. */
function objection(records: readonly CaaRecord[], identities: readonly string[]): string | undefined {
  const properties = records.flatMap((record) =>
    Object.entries(record)
      .filter(([name]) => name !== "critical" && name !== "type")
      .map(([tag, value]) => ({ tag: tag.toLowerCase(), value: String(value), flags: record.critical })),
  );
  const unknown = properties.find(({ tag, flags }) => (flags & CRITICAL_BIT) !== 0 && !KNOWN_TAGS.has(tag));
  if (unknown !== undefined) return `they hold a critical property "${unknown.tag}" that CAs do not know`;

  const issuers = properties.filter(({ tag }) => tag === "issue").map(({ value }) => parseIssuer(value));
  if (issuers.length === 0) return undefined;
  const ours = issuers.filter(({ name }) => identities.some((identity) => identity.toLowerCase() === name));
  if (ours.some(({ methods }) => methods === undefined || methods.includes(METHOD))) return undefined;
  if (ours.length > 0) return `they do not allow validation by ${METHOD}`;
  const names = issuers.map(({ name }) => name).filter((name) => name !== "");
  return names.length === 0 ? "they allow no CA at all" : `they allow only ${names.join(", ")}`;
}

interface Issuer {
  /** Empty for nobody, which a value that breaks the grammar also means. */
  readonly name: string;
  readonly methods: readonly string[] | undefined;
}

function parseIssuer(value: string): Issuer {
  const [name = "", ...parameters] = value.split(";").map((part) => part.trim());
  let methods: readonly string[] | undefined;
  for (const parameter of parameters.filter((part) => part !== "")) {
    const [, tag, text] = PARAMETER.exec(parameter) ?? [];
    if (tag === undefined || text === undefined) return { name: "", methods: undefined };
    if (tag.toLowerCase() === "validationmethods") methods = text.toLowerCase().split(",");
  }
  return { name: name.toLowerCase().replace(/\.$/, ""), methods };
}
