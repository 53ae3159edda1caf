import { getDomain } from "tldts";
import { type Limits, ratesOf, WRITES } from "../../runtime/certificates/budgets/limits.ts";
import { promisedShare, renewalByAge } from "../../runtime/certificates/renewal/lifetime.ts";

const HOUR_MS = 3_600_000;
const WEEK_HOURS = 168;
/** A limit binds where work waits for a day without a break: an hour's crowd is nothing. */
const BINDING_HOURS = 24;

export interface ServedUntil {
  readonly domain: string;
  /** RFC 3339. */
  readonly notBefore: string;
  /** RFC 3339. */
  readonly notAfter: string;
}

/** What may come. */
export interface Scenario {
  readonly name: string;
  /** Of a certificate that is issued then. */
  lifetimeMs(at: number): number;
  /** All certificates are to be replaced within so many hours from now. */
  readonly revokedWithinHours?: number;
}

export interface ForecastInput {
  readonly certificates: readonly ServedUntil[];
  readonly limits: Limits;
  readonly now: Date;
  readonly days: number;
  /** Registrations a day, evenly. */
  readonly growth: number;
}

/** How near a limit comes. */
export interface Outlook {
  readonly limit: string;
  /** The most that is used of it in one of its windows; 1 is all. */
  readonly peak: number;
  /** When work begins to wait for it for long; or, at the CA, when it is too much for the first time. */
  readonly bindsAt: Date | undefined;
  /** When a certificate has waited until less of its life is left than is promised. */
  readonly lateAt: Date | undefined;
}

/** What the CA and the CDN are asked for in each hour. */
interface Demand {
  readonly renewals: Float64Array;
  readonly first: Float64Array;
  /** Renewals in the registered domain that has the most names. */
  readonly largest: Float64Array;
  readonly largestDomain: string | undefined;
  /** How long a renewal may wait that comes up in an hour. */
  readonly slackHours: Float64Array;
}

/**
 * The dates on which limits bind, hour by hour: each certificate is renewed by its age, its successors as
 * `scenario` says, beside new registrations. What the CDN doesn't take in one hour waits for the next. Renewals
 * by ARI don't count at the CA; the limits that say "without ARI" are what they would use if they did.
 */
export function forecast(input: ForecastInput, scenario: Scenario): readonly Outlook[] {
  const { limits, now } = input;
  const demand = demandOf(input, scenario);
  const { renewals, first, largest, largestDomain } = demand;
  const all = renewals.map((count, hour) => count + (first[hour] ?? 0));
  const at = (hour: number | undefined) =>
    hour === undefined ? undefined : new Date(now.getTime() + hour * HOUR_MS);
  const windowed = (limit: string, use: Float64Array, hours: number, allowed: number): Outlook => {
    const { peak, over } = windows(use, hours, allowed);
    return { limit, peak, bindsAt: at(over), lateAt: undefined };
  };
  const writes = queue(demand, ratesOf(limits).writes.perHour);
  return [
    { limit: "CDN: changes an hour", peak: writes.peak, bindsAt: at(writes.over), lateAt: at(writes.late) },
    windowed("CA: orders in 3 hours", first, 3, limits.ordersPer3Hours),
    windowed("CA: orders in 3 hours, without ARI", all, 3, limits.ordersPer3Hours),
    windowed(
      `CA: certificates a week${largestDomain === undefined ? "" : ` in ${largestDomain}`}, without ARI`,
      largest,
      WEEK_HOURS,
      limits.certificatesPerDomainPerWeek,
    ),
  ];
}

function demandOf({ certificates, now, days, growth }: ForecastInput, scenario: Scenario): Demand {
  const hours = days * 24;
  const hourOf = (time: number) => Math.floor((time - now.getTime()) / HOUR_MS);
  const [renewals, first, largest, slackHours] = [1, 2, 3, 4].map(() => new Float64Array(hours)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const registered = (domain: string) => getDomain(domain, { allowPrivateDomains: true }) ?? domain;
  const known = new Map<number, { readonly ageMs: number; readonly slackMs: number }>();
  const largestDomain = mostFrequent(certificates.map(({ domain }) => registered(domain)));

  /** From a renewal on, one after the other until the end of what is looked at. */
  const follow = (from: number, slackMs: number, isInLargest: boolean) => {
    let time = from;
    let slack = slackMs;
    for (let hour = hourOf(time); hour < hours; hour = hourOf(time)) {
      const slot = Math.max(0, hour);
      renewals[slot] = (renewals[slot] ?? 0) + 1;
      if (isInLargest) largest[slot] = (largest[slot] ?? 0) + 1;
      slackHours[slot] = Math.min(slackHours[slot] || Number.POSITIVE_INFINITY, slack / HOUR_MS);
      const next = renewalAfter(Math.max(time, now.getTime()), scenario, known);
      time = next.at;
      slack = next.slackMs;
    }
  };

  const revokedMs = (scenario.revokedWithinHours ?? 0) * HOUR_MS;
  certificates.forEach((certificate, index) => {
    const isInLargest = registered(certificate.domain) === largestDomain;
    if (revokedMs > 0) {
      // All are known at once, and are begun at an even pace.
      const begun = now.getTime() + (revokedMs / 2) * (index / certificates.length);
      follow(begun, revokedMs / 2, isInLargest);
    } else follow(renewalByAge(certificate).getTime(), slackOf(certificate), isInLargest);
  });
  for (let count = 0; growth > 0 && count < days * growth; count++) {
    const time = now.getTime() + (count / growth) * 24 * HOUR_MS;
    const hour = hourOf(time);
    first[hour] = (first[hour] ?? 0) + 1;
    const next = renewalAfter(time, scenario, known);
    follow(next.at, next.slackMs, false);
  }
  return { renewals, first, largest, largestDomain, slackHours };
}

/** When a certificate that is issued at `time` is renewed; there are few lifetimes, and many certificates. */
function renewalAfter(
  time: number,
  { lifetimeMs }: Scenario,
  known: Map<number, { readonly ageMs: number; readonly slackMs: number }>,
): { readonly at: number; readonly slackMs: number } {
  const lifeMs = lifetimeMs(time);
  let found = known.get(lifeMs);
  if (!found) {
    const lifetime = { notBefore: new Date(0).toISOString(), notAfter: new Date(lifeMs).toISOString() };
    found = { ageMs: renewalByAge(lifetime).getTime(), slackMs: slackOf(lifetime) };
    known.set(lifeMs, found);
  }
  return { at: time + found.ageMs, slackMs: found.slackMs };
}

/** Between the time to renew and the promise. */
function slackOf(lifetime: Omit<ServedUntil, "domain">): number {
  const [start, end] = [Date.parse(lifetime.notBefore), Date.parse(lifetime.notAfter)];
  return end - promisedShare(lifetime) * (end - start) - renewalByAge(lifetime).getTime();
}

/** The fullest window, and the end of the first that is too full. */
function windows(use: Float64Array, hours: number, allowed: number) {
  let sum = 0;
  let most = 0;
  let over: number | undefined;
  use.forEach((count, hour) => {
    sum += count - (use[hour - hours] ?? 0);
    most = Math.max(most, sum);
    // Sums of halves and the like are a hair off.
    if (sum > allowed + 1e-6) over ??= hour;
  });
  return { peak: most / allowed, over };
}

/** First come, first served: registrations and renewals, in changes at the CDN. */
function queue({ renewals, first, slackHours }: Demand, perHour: number) {
  const perRenewal = WRITES.renewal + WRITES.cleaning;
  const perFirst = WRITES.validation + WRITES["first-order"];
  let waiting = 0;
  let waitingSince = 0;
  let peak = 0;
  let over: number | undefined;
  let late: number | undefined;
  renewals.forEach((count, hour) => {
    const wanted = count * perRenewal + (first[hour] ?? 0) * perFirst;
    peak = Math.max(peak, wanted / perHour);
    if (wanted > 0 && waiting / perHour > (slackHours[hour] || Number.POSITIVE_INFINITY)) late ??= hour;
    if (waiting === 0) waitingSince = hour;
    waiting = Math.max(0, waiting + wanted - perHour);
    if (waiting > 0 && hour - waitingSince + 1 >= BINDING_HOURS) over ??= waitingSince;
  });
  return { peak, over, late };
}

function mostFrequent(names: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}
