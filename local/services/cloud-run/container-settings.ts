import * as z from "zod";
import { livenessProbeSchema, readinessProbeSchema, startupProbeSchema } from "./probe-settings.ts";

/** What a container cannot set: Cloud Run's own. @see https://cloud.google.com/run/docs/container-contract#env-vars */
const RESERVED_VARIABLES = new Set(["PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"]);
const DEFAULT_PORT = 8080;

const variableSchema = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .refine((name) => !RESERVED_VARIABLES.has(name), "is reserved by Cloud Run"),
    value: z.string().optional(),
    valueSource: z
      .strictObject({
        secretKeyRef: z.strictObject({ secret: z.string().min(1), version: z.string().default("latest") }),
      })
      .optional(),
  })
  .refine(({ value, valueSource }) => !(value && valueSource), "must have one of value and valueSource");

/** Every property of a container that the local Cloud Run acts on. */
export const containerSchema = z
  .strictObject({
    name: z.string().optional(),
    image: z.literal("scratch", {
      error: 'must be "scratch": the local Cloud Run starts bundles, not images',
    }),
    baseImageUri: z.string().optional(),
    commands: z.tuple([z.literal("node")], {
      error: 'must be ["node"]: the local Cloud Run runs Node bundles',
    }),
    args: z.array(z.string()).min(1, "must name the bundle's file"),
    envs: z
      .array(variableSchema)
      .default([])
      .refine(
        (envs) => new Set(envs.map(({ name }) => name)).size === envs.length,
        "must not name a variable twice",
      ),
    ports: z
      .preprocess(
        (ports) => (Array.isArray(ports) ? ports[0] : ports),
        z.strictObject({
          containerPort: z.number().int().min(1).max(65_535).default(DEFAULT_PORT),
          name: z.enum(["", "http1"]).optional(),
        }),
      )
      .optional(),
    resources: z
      .strictObject({
        limits: z.strictObject({ cpu: z.string().optional(), memory: z.string().optional() }).default({}),
        cpuIdle: z.boolean().optional(),
        startupCpuBoost: z.boolean().optional(),
      })
      .default({ limits: {} }),
    sourceCode: z.strictObject({
      cloudStorageSource: z.strictObject({
        bucket: z.string().min(1),
        object: z.string().min(1),
        generation: z.coerce.string().optional(),
      }),
    }),
    startupProbe: startupProbeSchema.optional(),
    livenessProbe: livenessProbeSchema.optional(),
    readinessProbe: readinessProbeSchema.optional(),
  })
  .superRefine((container, context) => {
    const port = container.ports?.containerPort ?? DEFAULT_PORT;
    const asked = {
      "startupProbe.httpGet": container.startupProbe?.httpGet,
      "startupProbe.tcpSocket": container.startupProbe?.tcpSocket,
      "livenessProbe.httpGet": container.livenessProbe?.httpGet,
      "readinessProbe.httpGet": container.readinessProbe?.httpGet,
    };
    for (const [action, probe] of Object.entries(asked)) {
      if (probe?.port === undefined || probe.port === port) continue;
      const message = `must be the container's port, ${port}: the local Cloud Run gives an instance one port`;
      context.addIssue({ code: "custom", path: [...action.split("."), "port"], message });
    }
  });

export type ContainerSettings = z.output<typeof containerSchema>;
