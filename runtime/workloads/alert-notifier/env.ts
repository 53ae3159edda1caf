import * as z from "zod";

export const envSchema = z.object({
  SCHEDULER_SERVICE_ACCOUNT: z.string().min(1),
  REGISTRY_BUCKET: z.string().min(1),
  PLATFORM_NAME: z.string().min(1),
  RUNBOOKS_URL: z.url(),
  /** Empty: nobody is told there. */
  SLACK_WEBHOOK_URL: z.literal("").or(z.url()),
  /** Empty: nobody is told there. */
  SENTRY_DSN: z.literal("").or(z.url()),
});
