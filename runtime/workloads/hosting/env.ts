import * as z from "zod";

export const envSchema = z.object({
  /** Shown at the foot of the page. */
  PLATFORM_NAME: z.string().min(1),
});
