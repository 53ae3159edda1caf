import * as z from "zod";
import { limitsVariable } from "../../certificates/budgets/limits.ts";
import { OWNERSHIP_METHODS } from "../../certificates/ownership/ownership.ts";
import { listVariable } from "../../workload/environment.ts";

export const envSchema = z.object({
  REGISTRY_BUCKET: z.string().min(1),
  CHALLENGE_BUCKET: z.string().min(1),
  /** `projects/P/topics/T` */
  ISSUING_TOPIC: z.string().min(1),
  /** IP addresses of the edge, comma-separated: where a customer's name must lead, and the only ones connected to. */
  EDGE_ADDRESSES: listVariable,
  /** Names by which CAA records may allow our CA (RFC 8659), comma-separated. */
  CAA_IDENTITIES: listVariable,
  /** Limits that differ from those that CA and CDN publish, as JSON. */
  BUDGET_LIMITS: limitsVariable,
  /** How a customer shows that a name is his. */
  OWNERSHIP: z.enum(OWNERSHIP_METHODS),
  /** The edge's own name, in which each customer has one for his CNAMEs. */
  EDGE_HOST: z.hostname().toLowerCase(),
  FASTLY_SERVICE_ID: z.string().min(1),
  FASTLY_API_TOKEN: z.string().min(1),
  /** E-mail of the account that pushes. */
  PUSH_SERVICE_ACCOUNT: z.string().min(1),
});
