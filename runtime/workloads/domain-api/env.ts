import * as z from "zod";
import { limitsVariable } from "../../certificates/budgets/limits.ts";
import { OWNERSHIP_METHODS } from "../../certificates/ownership/ownership.ts";

/** E-mail addresses, comma-separated. */
const accounts = z.string().transform((list) => list.split(",").filter((email) => email !== ""));

export const envSchema = z.object({
  REGISTRY_BUCKET: z.string().min(1),
  /** `projects/P/topics/T` */
  VALIDATION_TOPIC: z.string().min(1),
  /** `projects/P/topics/T`: removals and restores go to the issuer. */
  ISSUING_TOPIC: z.string().min(1),
  /** `projects/P/topics/T`: where others hear that a name has gone to another customer. */
  EVENTS_TOPIC: z.string().min(1),
  /** `projects/P/topics/T`: what operators want checked at once. */
  CHECKING_TOPIC: z.string().min(1),
  /** What an ID token's `aud` must be to reach this API. */
  API_AUDIENCE: z.string().min(1),
  /** How a customer shows that a name is his. */
  OWNERSHIP: z.enum(OWNERSHIP_METHODS),
  /** The edge's own name, in which each customer has one for his CNAMEs. */
  EDGE_HOST: z.hostname().toLowerCase(),
  /** Domain of the platform itself: no customer's name may be it or in it. */
  RESERVED_ZONE: z.hostname().toLowerCase(),
  /** Accounts that act for every customer; any other caller sees its own domains alone. */
  OPERATORS: accounts,
  /** Accounts that see every customer's domains and change none. */
  VIEWERS: accounts,
  /** JSON: limits that are others than the defaults. */
  BUDGET_LIMITS: limitsVariable,
});
