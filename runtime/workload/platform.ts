import * as z from "zod";

/**
 * What the platform gives every instance, as Google gives `K_SERVICE`; never part of a
 * workload's own environment. Each default is production's. Google's client libraries read
 * `STORAGE_EMULATOR_HOST`, `PUBSUB_EMULATOR_HOST` and `GCE_METADATA_HOST` by themselves.
 */
export const platformSchema = z.object({
  PORT: z.coerce.number().int().min(1).max(65_535).default(8080),
  K_SERVICE: z.string().default("local"),
  K_REVISION: z.string().default("local-00001"),
  /** An emulator checks no credentials, so clients must not go looking for any. */
  STORAGE_EMULATOR_HOST: z.url().optional(),
  PUBSUB_ENDPOINT: z.url().default("https://pubsub.googleapis.com"),
  KMS_ENDPOINT: z.url().default("https://cloudkms.googleapis.com"),
  FASTLY_API_ENDPOINT: z.url().default("https://api.fastly.com"),
  /** `address:port`, comma-separated. Empty: the system's resolvers. */
  DNS_SERVERS: z
    .string()
    .default("")
    .transform((list) => list.split(",").filter((server) => server !== "")),
  /** The port on which the edge answers a CA's plain HTTP request. */
  EDGE_HTTP_PORT: z.coerce.number().int().min(1).max(65_535).default(80),
  /** The port on which it serves visitors. */
  EDGE_HTTPS_PORT: z.coerce.number().int().min(1).max(65_535).default(443),
  /** The port on which the load balancer takes calls of the API's host. */
  API_PORT: z.coerce.number().int().min(1).max(65_535).default(443),
});

export type Platform = z.output<typeof platformSchema>;
