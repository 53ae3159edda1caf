import { parseCaaIssuer } from "./caa-issuer.ts";
import type { CaaProperty, DnsLookup } from "./dns-lookup.ts";
import { printable } from "./printable.ts";

/** Tags that a CA understands; any other that is critical forbids it to issue (RFC 8659, section 4.1). */
const KNOWN_TAGS = new Set(["issue", "issuewild", "iodef", "issuemail"]);
/** Bit 128, and bit 1, which so many took for it that Let's Encrypt does as well. */
const CRITICAL_BITS = 128 | 1;
const METHOD = "http-01";

export type CaaVerdict =
  | { readonly kind: "allowed" }
  | CaaProhibition
  | { readonly kind: "trouble"; readonly holder: string; readonly what: string };

export interface CaaProhibition {
  readonly kind: "forbidden";
  /** The domain, or the parent of it, whose records count. */
  readonly holder: string;
  /** Where those records stand: there, or at the name that it is an alias of. */
  readonly owner: string;
  /** Whether the domain is an alias itself, so that it can have no CAA records. */
  readonly isAlias: boolean;
  readonly because: string;
  /** What would have to change at the owner, all of it. */
  readonly changes: readonly CaaChange[];
}

export type CaaChange =
  | { readonly kind: "add" | "remove"; readonly property: CaaProperty }
  | { readonly kind: "replace"; readonly property: CaaProperty; readonly by: CaaProperty };

/**
 * Whether CAA lets a CA, known by `identities`, issue for `domain` by HTTP-01: the closest name up
 * the tree that has CAA records decides. Aliases are followed at each, and never climbed.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8659#section-3
 *   RFC 8657's `accounturi` is left to the CA, which knows the account.
 */
export async function checkCaa(
  dns: Pick<DnsLookup, "caa">,
  domain: string,
  identities: readonly string[],
): Promise<CaaVerdict> {
  const labels = domain.split(".");
  let isAlias = false;
  for (let cut = 0; cut < labels.length; cut++) {
    const holder = labels.slice(cut).join(".");
    const answer = await dns.caa(holder);
    if (answer.kind === "trouble") return { kind: "trouble", holder, what: answer.what };
    isAlias ||= cut === 0 && answer.alias !== undefined;
    if (answer.records.length === 0) continue;
    const objections = objectionsOf(answer.records, identities);
    if (objections.length === 0) return { kind: "allowed" };
    return {
      kind: "forbidden",
      holder,
      owner: answer.alias ?? holder,
      isAlias,
      because: objections.map(({ because }) => because).join(", and "),
      changes: objections.flatMap(({ changes }) => changes),
    };
  }
  return { kind: "allowed" };
}

/** The property by which a name allows a CA. */
export function permitting(identity: string): CaaProperty {
  return { flags: 0, tag: "issue", value: identity };
}

interface Objection {
  readonly because: string;
  readonly changes: readonly CaaChange[];
}

function objectionsOf(
  properties: readonly CaaProperty[],
  identities: readonly string[],
): readonly Objection[] {
  return [...unknownCritical(properties), ...issuersWithoutUs(properties, identities)];
}

function unknownCritical(properties: readonly CaaProperty[]): readonly Objection[] {
  const unknown = properties.filter(
    ({ tag, flags }) => (flags & CRITICAL_BITS) !== 0 && !KNOWN_TAGS.has(tag.toLowerCase()),
  );
  if (unknown.length === 0) return [];
  const tags = [...new Set(unknown.map(({ tag }) => `"${printable(tag)}"`))].join(", ");
  const because = `they hold a critical property, ${tags}, that CAs do not know`;
  return [{ because, changes: unknown.map((property) => ({ kind: "remove", property })) }];
}

function issuersWithoutUs(
  properties: readonly CaaProperty[],
  identities: readonly string[],
): readonly Objection[] {
  const issuers = properties
    .filter(({ tag }) => tag.toLowerCase() === "issue")
    .map((property) => ({ property, issuer: parseCaaIssuer(property.value) }));
  const ours = issuers.filter(({ issuer }) =>
    identities.some((identity) => identity.toLowerCase() === issuer.name),
  );
  if (issuers.length === 0 || ours.some(({ issuer }) => issuer.isWellFormed && issuer.allowsMethod))
    return [];

  const [mendable] = ours;
  if (mendable) {
    const { property, issuer } = mendable;
    const by = { ...property, value: issuer.corrected };
    const because = issuer.isWellFormed
      ? `they do not allow ${issuer.name} to validate by ${METHOD}`
      : `"${printable(property.value)}" breaks the grammar of RFC 8659, so that it allows nobody`;
    return [{ because, changes: [{ kind: "replace", property, by }] }];
  }
  const names = issuers.flatMap(({ issuer: { name, isWellFormed } }) =>
    name !== "" && isWellFormed ? name : [],
  );
  const because =
    names.length === 0 ? "they allow no CA at all" : `they allow only ${printable(names.join(", "))}`;
  const [identity = ""] = identities;
  return [{ because, changes: [{ kind: "add", property: permitting(identity) }] }];
}
