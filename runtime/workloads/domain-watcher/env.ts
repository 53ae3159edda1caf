import * as z from "zod";

export const envSchema = z.object({
  /** Of the domain API, through the load balancer: `https://HOST`. */
  API_URL: z.url({ protocol: /^https$/ }),
  /** What the watcher's ID token must be for. */
  API_AUDIENCE: z.string().min(1),
  /** `projects/P/topics/T` */
  CHECKING_TOPIC: z.string().min(1),
  /** Within so many minutes each domain is checked once. */
  CHECK_INTERVAL_MINUTES: z.coerce.number().int().min(1).max(1_440),
  /** E-mail of the account as which Cloud Scheduler calls. */
  SCHEDULER_SERVICE_ACCOUNT: z.string().min(1),
});
