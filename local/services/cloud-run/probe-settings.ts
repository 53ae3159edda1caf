import * as z from "zod";

/** @see https://cloud.google.com/run/docs/configuring/healthchecks */
const MAX_STARTUP_SECONDS = 240;
const MAX_SECONDS = 3600;

const grpc = z
  .undefined({ error: "is not supported locally: instances are probed over HTTP or TCP" })
  .optional();
const port = z.number().int().min(1).max(65_535).optional();
const httpGet = z.strictObject({
  path: z.string().startsWith("/").default("/"),
  port,
  httpHeaders: z
    .array(z.strictObject({ name: z.string().min(1), value: z.string().default("") }))
    .default([]),
});

const seconds = (from: number, to: number) => z.number().int().min(from).max(to);
const timing = (most: number) => ({
  periodSeconds: seconds(1, most).default(10),
  timeoutSeconds: seconds(1, most).default(1),
  failureThreshold: z.number().int().min(1).default(3),
});
interface Timing {
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
}
const endsInTime = ({ periodSeconds, timeoutSeconds }: Timing) => timeoutSeconds <= periodSeconds;
const IN_TIME = "timeoutSeconds must not be over periodSeconds";

export const startupProbeSchema = z
  .strictObject({
    initialDelaySeconds: seconds(0, MAX_STARTUP_SECONDS).default(0),
    ...timing(MAX_STARTUP_SECONDS),
    httpGet: httpGet.optional(),
    tcpSocket: z.strictObject({ port }).optional(),
    grpc,
  })
  .refine(endsInTime, IN_TIME)
  .refine(({ httpGet, tcpSocket }) => !(httpGet && tcpSocket), "must have one of httpGet and tcpSocket")
  .refine(
    ({ failureThreshold, periodSeconds }) => failureThreshold * periodSeconds <= MAX_STARTUP_SECONDS,
    `failureThreshold times periodSeconds must not be over ${MAX_STARTUP_SECONDS} s`,
  );

export const livenessProbeSchema = z
  .strictObject({
    initialDelaySeconds: seconds(0, MAX_SECONDS).default(0),
    ...timing(MAX_SECONDS),
    httpGet,
    tcpSocket: z.undefined({ error: "must be absent: Cloud Run has no liveness probe over TCP" }).optional(),
    grpc,
  })
  .refine(endsInTime, IN_TIME);

/** In preview at Google. */
export const readinessProbeSchema = z
  .strictObject({
    ...timing(MAX_SECONDS),
    successThreshold: z.number().int().min(1).default(2),
    httpGet,
    grpc,
  })
  .refine(endsInTime, IN_TIME)
  .transform((probe) => ({ initialDelaySeconds: 0, ...probe }));
