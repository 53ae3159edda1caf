import { checkDns, type DnsRules, type DnsVerdict, type Refusal } from "../../certificates/dns/check-dns.ts";
import { type Ownership, proofText } from "../../certificates/ownership/ownership.ts";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";

const TROUBLE_RETRY_MS = 60_000;

export interface NameRules extends DnsRules {
  readonly ownership: Ownership;
}

/**
 * Whether the DNS lets a domain have a certificate, and shows that it is its customer's. What it needs is
 * said all at once. A domain that has been served for its customer shows enough by leading here still.
 *
 * @throws {Error} when our own resolvers cannot be reached.
 */
export async function checkName(rules: NameRules, record: DomainRecord): Promise<DnsVerdict> {
  const [dns, owner] = await Promise.all([checkDns(rules, record.domain), checkOwner(rules, record)]);
  if (owner === undefined) return dns;
  if (owner.kind === "trouble" || dns.kind !== "refused") return owner;
  // Where an alias is the proof, it also leads to the edge.
  const reasons = rules.ownership.method === "cname" ? [owner.reason] : [dns.reason, owner.reason];
  return { ...owner, reason: reasons.join(" ") };
}

async function checkOwner(
  { ownership, now }: NameRules,
  { domain, customer, notAfter }: DomainRecord,
): Promise<Exclude<DnsVerdict, { kind: "fit" }> | undefined> {
  const proof = notAfter === undefined ? await ownership.proof(domain, customer) : undefined;
  if (!proof) return undefined;
  const sight = await ownership.look(domain, [customer]);
  if (sight.kind === "trouble") {
    const reason = `The DNS servers of ${proof.name} did not answer properly (${sight.what}), so whose ${domain} is cannot be told.`;
    const retryAt = new Date(now().getTime() + TROUBLE_RETRY_MS);
    return { kind: "trouble", refusal: { kind: "refused", reason, retryAt } };
  }
  if (sight.proven.has(customer)) return undefined;
  const reason = `Nothing in the DNS shows that ${domain} is yours: add the record ${proofText(proof)}.`;
  const refusal: Refusal = { kind: "refused", isOwners: true, reason };
  return refusal;
}
