import { createHash } from "node:crypto";
import * as z from "zod";
import type { CloudResource } from "../../kernel/contract.ts";
import { type ContainerSettings, containerSchema } from "./container-settings.ts";
import { parseBytes, parseSeconds } from "./quantity-syntax.ts";
import { type TrafficTarget, trafficSchema } from "./traffic.ts";

export const SERVICE_KIND = "gcp:cloudrunv2/service:Service";
/** Of DNS. */
const MAX_LABEL_LENGTH = 63;
const REVISION_NAME = /^[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

/** Every property that the local Cloud Run acts on; those of a data centre (`cpu`, `executionEnvironment`) mean nothing here. */
const templateSchema = z.strictObject({
  revision: z.string().min(1).optional(),
  serviceAccount: z.string().includes("@", { message: "must be an account's e-mail address" }),
  timeout: z
    .string()
    .default("300s")
    .transform((text, context) => parseSeconds(text, 3600) ?? refuse(context, 'must be "1s" to "3600s"')),
  maxInstanceRequestConcurrency: z.number().int().min(1).max(1000).default(80),
  scaling: z
    .strictObject({
      minInstanceCount: z.number().int().min(0).default(0),
      maxInstanceCount: z.number().int().min(1).default(100),
    })
    .default({ minInstanceCount: 0, maxInstanceCount: 100 })
    .refine(
      ({ minInstanceCount, maxInstanceCount }) => minInstanceCount <= maxInstanceCount,
      "minInstanceCount must not be over maxInstanceCount",
    ),
  containers: z.tuple([containerSchema], { error: "must be one container" }),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  executionEnvironment: z.string().optional(),
});

const serviceSchema = z.object({
  ingress: z
    .enum(["INGRESS_TRAFFIC_ALL", "INGRESS_TRAFFIC_INTERNAL_ONLY", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"])
    .default("INGRESS_TRAFFIC_ALL"),
  uri: z.url(),
  defaultUriDisabled: z.boolean().default(false),
  customAudiences: z.array(z.string()).default([]),
  invokerIamDisabled: z.boolean().default(false),
  template: templateSchema,
  traffics: trafficSchema,
  scaling: z.undefined({ error: "is not supported locally: scale in the template" }).optional(),
  iapEnabled: z.literal(false, { error: "is not supported locally" }).optional(),
  multiRegionSettings: z.undefined({ error: "is not supported locally" }).optional(),
});

export interface RevisionTemplate {
  /** Of the revision, where the program chose it. */
  readonly name: string | undefined;
  readonly serviceAccount: string;
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly minInstances: number;
  readonly maxInstances: number;
  readonly container: ContainerSettings;
  readonly memoryBytes: number;
  /** Changes when anything in the template does. */
  readonly digest: string;
}

export interface ServiceSettings {
  /** `projects/P/locations/L/services/S` */
  readonly id: string;
  readonly project: string;
  readonly location: string;
  readonly name: string;
  readonly ingress: z.output<typeof serviceSchema>["ingress"];
  readonly host: string;
  readonly defaultUriDisabled: boolean;
  /** What an ID token may be for: the service's own URI, or one of these. */
  readonly audiences: readonly string[];
  readonly invokerIamDisabled: boolean;
  readonly template: RevisionTemplate;
  readonly traffic: readonly TrafficTarget[];
}

/** What a service's id, `projects/P/locations/L/services/S`, is made of. */
export function partsOf(id: string): Pick<ServiceSettings, "id" | "project" | "location" | "name"> {
  const [, project = "", , location = "", , name = ""] = id.split("/");
  return { id, project, location, name };
}

/** @throws {Error} listing each property that is wrong or not supported, with the rule. */
export function parseService({ id, properties }: CloudResource): ServiceSettings {
  if (!/^projects\/[^/]+\/locations\/[^/]+\/services\/[^/]+$/.test(id)) {
    throw new Error(`Service "${id}": its id must be projects/P/locations/L/services/S.`);
  }
  const result = serviceSchema.safeParse(withoutNull(properties));
  if (!result.success) {
    const mistakes = result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw new Error(`Service "${id}": ${mistakes.join("; ")}.`);
  }
  const { project, location, name } = partsOf(id);
  const { template, uri, customAudiences, traffics: traffic, ...service } = result.data;
  const host = new URL(uri).hostname;
  for (const { tag } of traffic) {
    if (tag !== undefined && `${tag}---${host}`.indexOf(".") > MAX_LABEL_LENGTH) {
      throw new Error(
        `Service "${id}": traffics: the tag "${tag}" makes the host's label over ${MAX_LABEL_LENGTH} long.`,
      );
    }
  }
  const { revision } = template;
  if (revision !== undefined && !(revision.startsWith(`${name}-`) && REVISION_NAME.test(revision))) {
    throw new Error(
      `Service "${id}": template.revision must be "${name}-" and lower-case letters, digits and dashes, 63 in all at most; got "${revision}".`,
    );
  }
  return {
    id,
    project,
    location,
    name,
    ingress: service.ingress,
    host,
    defaultUriDisabled: service.defaultUriDisabled,
    audiences: [uri, ...customAudiences],
    invokerIamDisabled: service.invokerIamDisabled,
    template: toTemplate(template, id),
    traffic,
  };
}

/** A revision's template as a service's resource has it. @throws {Error} as `parseService`. */
export function parseTemplate(properties: unknown, id: string): RevisionTemplate {
  return toTemplate(templateSchema.parse(withoutNull(properties)), id);
}

function toTemplate(template: z.output<typeof templateSchema>, id: string): RevisionTemplate {
  const [container] = template.containers;
  const memory = container.resources.limits.memory ?? "512Mi";
  const memoryBytes = parseBytes(memory);
  if (memoryBytes === undefined) {
    throw new Error(`Service "${id}": limits.memory must be like "512Mi" or "1Gi"; got "${memory}".`);
  }
  return {
    name: template.revision,
    serviceAccount: template.serviceAccount,
    timeoutMs: template.timeout * 1000,
    concurrency: template.maxInstanceRequestConcurrency,
    minInstances: template.scaling.minInstanceCount,
    maxInstances: template.scaling.maxInstanceCount,
    container,
    memoryBytes,
    digest: createHash("sha256").update(JSON.stringify(template)).digest("hex"),
  };
}

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: "custom", message });
  return z.NEVER;
}

/** A provider may write `null` for what the program left out. */
function withoutNull(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNull);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, field]) => field !== null && field !== undefined);
  return Object.fromEntries(entries.map(([key, field]) => [key, withoutNull(field)]));
}
