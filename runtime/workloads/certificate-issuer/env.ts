import * as z from "zod";
import {
  authoritiesVariable,
  externalAccountKeysVariable,
} from "../../certificates/acme/configured-authorities.ts";
import { limitsVariable } from "../../certificates/budgets/limits.ts";
import { listVariable } from "../../workload/environment.ts";

export const envSchema = z.object({
  /** `projects/P/topics/T`, on which others hear of domains. */
  EVENTS_TOPIC: z.string().min(1),
  REGISTRY_BUCKET: z.string().min(1),
  CHALLENGE_BUCKET: z.string().min(1),
  BACKUP_BUCKET: z.string().min(1),
  /** `projects/P/locations/L/keyRings/R/cryptoKeys/K`: wraps each certificate's data key. */
  KMS_KEY: z.string().min(1),
  CERTIFICATE_AUTHORITIES: authoritiesVariable,
  EXTERNAL_ACCOUNT_KEYS: externalAccountKeysVariable,
  /** IP addresses of the edge, comma-separated: where an activated certificate is looked for. */
  EDGE_ADDRESSES: listVariable,
  FASTLY_SERVICE_ID: z.string().min(1),
  /** The TLS configuration under which certificates are activated. */
  FASTLY_TLS_CONFIGURATION_ID: z.string().min(1),
  FASTLY_API_TOKEN: z.string().min(1),
  /** JSON: limits of the CA and the CDN that are others than the defaults. */
  BUDGET_LIMITS: limitsVariable,
  /** E-mail of the account that pushes. */
  PUSH_SERVICE_ACCOUNT: z.string().min(1),
});
