import * as z from "zod";
import { authoritiesVariable } from "../../certificates/acme/configured-authorities.ts";
import { listVariable } from "../../workload/environment.ts";

export const envSchema = z.object({
  REGISTRY_BUCKET: z.string().min(1),
  /** `projects/P/topics/T` */
  VALIDATION_TOPIC: z.string().min(1),
  /** `projects/P/topics/T` */
  ISSUING_TOPIC: z.string().min(1),
  /** IP addresses of the edge, comma-separated: where a customer's name must lead, and the only ones connected to. */
  EDGE_ADDRESSES: listVariable,
  /** Names by which CAA records may allow our CA (RFC 8659), comma-separated. */
  CAA_IDENTITIES: listVariable,
  CERTIFICATE_AUTHORITIES: authoritiesVariable,
  /** E-mail of the account that pushes. */
  PUSH_SERVICE_ACCOUNT: z.string().min(1),
});
