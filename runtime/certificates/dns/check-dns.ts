import { checkCaa } from "./caa.ts";
import { caaAdvice } from "./caa-advice.ts";
import type { DnsLookup } from "./dns-lookup.ts";
import type { EdgeAddresses } from "./edge-addresses.ts";

/** DNS servers that fail now may work in a moment. */
const TROUBLE_RETRY_MS = 60_000;
const SHOWN_ADDRESSES = 4;

export interface Refusal {
  readonly kind: "refused";
  /** For the customer: what is wrong, and what to do. */
  readonly reason: string;
  /** Whether CAA is what stands in the way, or where the name leads. */
  readonly about?: "addresses" | "caa";
  readonly retryAt?: Date;
  /** Whether only the domain's owner can mend it. */
  readonly isOwners?: boolean;
  /** What went wrong on the platform's own side, if that is the reason. */
  readonly cause?: Error;
}

export type DnsVerdict =
  | {
      readonly kind: "fit";
      readonly addresses: readonly string[];
      /** One of the two questions for addresses failed, and how. A CA passes such a name, too. */
      readonly failed?: string;
    }
  | Refusal
  /** The DNS servers failed, which may pass, so nothing is known of the domain. The refusal is for when it does not pass. */
  | { readonly kind: "trouble"; readonly refusal: Refusal };

export interface DnsRules {
  readonly dns: Pick<DnsLookup, "addresses" | "caa">;
  readonly edge: EdgeAddresses;
  readonly caaIdentities: readonly string[];
  readonly now: () => Date;
}

/**
 * Whether a name leads to the edge, and nowhere else, and lets our CA issue for it.
 *
 * @throws {Error} when our own resolvers cannot be reached.
 */
export async function checkDns(
  { dns, edge, caaIdentities, now }: DnsRules,
  domain: string,
): Promise<DnsVerdict> {
  const [addresses, caa] = await Promise.all([dns.addresses(domain), checkCaa(dns, domain, caaIdentities)]);
  const target = listed(edge.all);
  if (addresses.kind === "trouble") return dnsTrouble(now(), domain, domain, addresses.what);
  const { atEdge, elsewhere } = edge.split(addresses.records);
  if (elsewhere.length > 0) {
    const rule =
      atEdge.length > 0
        ? `leads to ${listed(elsewhere)} besides the platform's edge; remove those addresses`
        : `leads to ${listed(elsewhere)}, which is not the platform's edge; point it to ${target}`;
    return { kind: "refused", about: "addresses", isOwners: true, reason: `${domain} ${rule}.` };
  }
  if (atEdge.length === 0) {
    const reason = `${domain} has no address in the DNS; point it to ${target}.`;
    return { kind: "refused", about: "addresses", isOwners: true, reason };
  }
  if (caa.kind === "trouble") return dnsTrouble(now(), domain, caa.holder, `CAA: ${caa.what}`);
  if (caa.kind === "forbidden") {
    const [identity = ""] = caaIdentities;
    return {
      kind: "refused",
      about: "caa",
      isOwners: true,
      reason: caaAdvice(domain, caa, { identity, target }),
    };
  }
  return {
    kind: "fit",
    addresses: atEdge,
    ...(addresses.failed !== undefined && { failed: addresses.failed }),
  };
}

function dnsTrouble(now: Date, domain: string, asked: string, what: string): DnsVerdict {
  const reason = `The DNS servers of ${asked} did not answer properly (${what}), so ${domain} cannot be checked.`;
  const retryAt = new Date(now.getTime() + TROUBLE_RETRY_MS);
  return { kind: "trouble", refusal: { kind: "refused", reason, retryAt } };
}

function listed(addresses: readonly string[]): string {
  const shown = addresses.slice(0, SHOWN_ADDRESSES).join(", ");
  return addresses.length > SHOWN_ADDRESSES ? `${shown} and others` : shown;
}
