import type { DomainSummary } from "../../runtime/workloads/domain-api/resources.ts";
import { limitedMs } from "../bulk/progress.ts";
import { CDN_WRITES, WRITES_PER_HOUR } from "../limits.ts";
import { duration } from "../terminal/durations.ts";

/** What a CA gives after a key was compromised. @see CA/B Forum Baseline Requirements, section 4.9.1.1 */
const REVOCATION_MS = 24 * 3_600_000;

export interface RenewalPlan {
  /** In the order in which they are begun. */
  readonly domains: readonly string[];
  /** Served with a certificate from after `since`. */
  readonly renewedAlready: number;
  /** Named first, and not served. */
  readonly unknown: readonly string[];
  readonly estimateMs: number;
}

/**
 * What is to be renewed of the domains that there are: what is served with a certificate from before `since`,
 * those of `first` before the others, and then whichever ends soonest.
 */
export function renewalPlan(
  domains: readonly Pick<DomainSummary, "domain" | "state" | "notBefore" | "notAfter">[],
  since: Date,
  first: readonly string[] = [],
): RenewalPlan {
  const served = domains.filter(({ state }) => state === "active");
  const due = served.filter(({ notBefore }) => notBefore === null || Date.parse(notBefore) < since.getTime());
  const rank = new Map(first.map((domain, index) => [domain, index]));
  const rankOf = (domain: string) => rank.get(domain) ?? first.length;
  const ordered = [...due].sort(
    (a, b) =>
      rankOf(a.domain) - rankOf(b.domain) ||
      (a.notAfter ?? "").localeCompare(b.notAfter ?? "") ||
      a.domain.localeCompare(b.domain),
  );
  const known = new Set(served.map(({ domain }) => domain));
  return {
    domains: ordered.map(({ domain }) => domain),
    renewedAlready: served.length - due.length,
    unknown: first.filter((domain) => !known.has(domain)),
    estimateMs: limitedMs(due.length * CDN_WRITES.renewal, WRITES_PER_HOUR),
  };
}

/** How long it takes, and where that is longer than the CA waits, the ways out. */
export function planInWords({ domains, renewedAlready, estimateMs }: RenewalPlan, reason?: string): string {
  const already = renewedAlready === 0 ? "" : ` ${renewedAlready} are renewed already.`;
  const cost = `${domains.length} certificates, ${CDN_WRITES.renewal} changes at the CDN each, ${Math.round(WRITES_PER_HOUR)} an hour: about ${duration(estimateMs)}.`;
  if (reason === undefined || estimateMs <= REVOCATION_MS) return `${cost}${already}`;
  return [
    `${cost}${already}`,
    `A CA revokes within ${duration(REVOCATION_MS)} for a compromised key, renewed or not. Ways out, which go together:`,
    "  ask the CDN's support for a higher limit of API calls, and set it in the stack's limits;",
    "  ask it for its bulk API (Platform TLS), which takes a certificate in one call;",
    "  give --first FILE, a name a line: what matters most goes first.",
  ].join("\n");
}
