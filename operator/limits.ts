import { limitsSchema, ratesOf, WRITES } from "../runtime/certificates/budgets/limits.ts";

export const LIMITS = limitsSchema.parse({});

/** How many changes at the CDN the platform makes in an hour, which is less than the CDN takes. */
export const WRITES_PER_HOUR = ratesOf(LIMITS).writes.perHour;

/** What each piece of work costs of them, at most. */
export const CDN_WRITES = {
  restore: WRITES.activation,
  renewal: WRITES.renewal + WRITES.cleaning,
  removal: WRITES.removal,
} as const;
