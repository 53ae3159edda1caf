import * as z from "zod";
import { CLOCKS_MS } from "./bucket-object.ts";
import { LEASE_MS } from "./lease-blocks.ts";
import type { TokenRate } from "./token-bucket.ts";

const HOUR_MS = 3_600_000;
const WEEK_HOURS = 168;
/** What is paid for is done within a delivery, which is the longest that it can be late. */
const DELIVERY_MS = 540_000;
/** Of what the CA publishes: the rest is for what is late, or counted by a clock of its own. */
const CA_PART = 0.9;
/** Of the CDN's hour: the rest is for what is written by hand, and for a write more than usual. */
const CDN_PART = 0.98;
/** Of the CDN's hour: so many writes at once, and the others evenly. */
const CDN_BURST_PART = 0.08;
/** Of what flows in, for renewals at most: a mass revocation, days of work, lets registrations and removals live. */
const RENEWALS_PART = 0.9;
/** Of each bucket, for renewals alone. */
const RESERVE_PART = 0.25;
/** A customer's share, of what flows in; what he has not used for a while he may have at once. */
const SHARE_PART = 0.25;
const SHARE_BURST_PART = 0.5;
/** Of each bucket, what those who have spent their shares leave to others. */
const PLENTY_PART = 0.5;

/**
 * Writes at the CDN that each work needs, counted in `fastly-tls.ts` and `fastly-domains.ts`.
 * What is found done already costs none, so that these are the most.
 */
export const WRITES = {
  /** The link; and its removal, where the check fails. */
  validation: 2,
  /** Key, certificate, activation. */
  "first-order": 3,
  /** Key, certificate, the activation's change. */
  renewal: 3,
  "ari-renewal": 3,
  /** Old certificate, old key. */
  cleaning: 2,
  /** Link, key, certificate, activation; or, without a link, what was there before: certificate, key. */
  activation: 5,
  /** Activation, certificate, key, link. */
  removal: 4,
} as const;
const MOST_WRITES = Math.max(...Object.values(WRITES));

/** What the CA and the CDN publish, and what we let a customer register. */
export const limitsSchema = z.strictObject({
  /** An account's. @default 300, Let's Encrypt's */
  ordersPer3Hours: z.int().min(10).default(300),
  /** A registered domain's. @default 50, Let's Encrypt's */
  certificatesPerDomainPerWeek: z.int().min(5).default(50),
  /** An exact set of names'. @default 5, Let's Encrypt's */
  certificatesPerNamePerWeek: z.int().min(2).default(5),
  /** @default 1000, Fastly's */
  writesPerHour: z.int().min(100).default(1_000),
  /** A customer's; twice as many at once. @default 60 */
  registrationsPerHour: z.int().min(1).default(60),
});
export type Limits = z.output<typeof limitsSchema>;
/** As configuration has them: those that differ. */
export type LimitOverrides = z.input<typeof limitsSchema>;

/** As JSON, in a workload's environment. */
export const limitsVariable = z.string().transform((text, context): Limits => {
  try {
    const limits = limitsSchema.safeParse(JSON.parse(text));
    if (limits.success) return limits.data;
    context.addIssue({ code: "custom", message: z.prettifyError(limits.error) });
  } catch {
    context.addIssue({ code: "custom", message: "must be JSON" });
  }
  return z.NEVER;
});

export interface Rates {
  readonly orders: TokenRate;
  readonly ordersShare: TokenRate;
  readonly domain: TokenRate;
  readonly name: TokenRate;
  readonly writes: TokenRate;
  readonly writesShare: TokenRate;
  readonly renewalWrites: TokenRate;
  readonly registrations: TokenRate;
}

/**
 * How fast each limit is spent. The CA's are token buckets themselves, which ours stay below in size
 * and inflow. The CDN counts what is written in an hour: there, what is written at once, what flows in
 * within the hour, and what is late from before it, fit the limit together.
 *
 * @see https://letsencrypt.org/docs/rate-limits/
 * @see https://www.fastly.com/documentation/reference/api/#rate-limiting
 */
export function ratesOf(limits: Limits): Rates {
  const orders = caRate(limits.ordersPer3Hours, 3);
  const lateHours = (LEASE_MS + DELIVERY_MS + CLOCKS_MS) / HOUR_MS;
  const burst = Math.max(2 * MOST_WRITES, limits.writesPerHour * CDN_BURST_PART);
  const writes = {
    capacity: burst,
    perHour: (limits.writesPerHour * CDN_PART - burst) / (1 + lateHours),
  };
  return {
    orders,
    ordersShare: shareOf(orders, 1),
    domain: caRate(limits.certificatesPerDomainPerWeek, WEEK_HOURS),
    name: caRate(limits.certificatesPerNamePerWeek, WEEK_HOURS),
    writes,
    writesShare: shareOf(writes, MOST_WRITES),
    renewalWrites: { capacity: writes.capacity, perHour: writes.perHour * RENEWALS_PART },
    registrations: { capacity: 2 * limits.registrationsPerHour, perHour: limits.registrationsPerHour },
  };
}

/**
 * What must be left of a bucket for a customer who has this part of his share left: the less, the
 * more. Who comes for the first time finds something though others have asked for all day; and nobody
 * waits for what nobody else wants, his share notwithstanding.
 */
export function floorOf(capacity: number, partLeft: number): number {
  const part = Math.min(1, Math.max(0, partLeft));
  return capacity * (PLENTY_PART - (PLENTY_PART - RESERVE_PART) * part);
}

function caRate(limit: number, hours: number): TokenRate {
  const part = Math.max(1, Math.floor(limit * CA_PART));
  return { capacity: part, perHour: part / hours };
}

function shareOf({ capacity, perHour }: TokenRate, least: number): TokenRate {
  return { capacity: Math.max(least, capacity * SHARE_BURST_PART), perHour: perHour * SHARE_PART };
}
