import * as z from "zod";

export const envSchema = z.object({
  CHALLENGE_BUCKET: z.string().min(1),
});
