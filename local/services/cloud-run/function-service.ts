import * as z from "zod";
import type { CloudResource, ResourceStore } from "../../kernel/contract.ts";
import { FRAMEWORK_COMMAND } from "./function-build.ts";
import { SERVICE_KIND } from "./service-settings.ts";

export const FUNCTION_KIND = "gcp:cloudfunctionsv2/function:Function";

const INGRESS = {
  ALLOW_ALL: "INGRESS_TRAFFIC_ALL",
  ALLOW_INTERNAL_ONLY: "INGRESS_TRAFFIC_INTERNAL_ONLY",
  ALLOW_INTERNAL_AND_GCLB: "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
} as const;

const secretSchema = z.object({
  key: z.string(),
  projectId: z.string(),
  secret: z.string(),
  version: z.string(),
});

const functionSchema = z.object({
  buildConfig: z.object({
    entryPoint: z.string(),
    source: z.object({
      storageSource: z.object({
        bucket: z.string(),
        object: z.string(),
        generation: z.coerce.string().optional(),
      }),
    }),
  }),
  serviceConfig: z.object({
    uri: z.url(),
    serviceAccountEmail: z.string(),
    ingressSettings: z.enum(["ALLOW_ALL", "ALLOW_INTERNAL_ONLY", "ALLOW_INTERNAL_AND_GCLB"]),
    timeoutSeconds: z.number(),
    maxInstanceRequestConcurrency: z.number(),
    availableMemory: z.string(),
    minInstanceCount: z.number(),
    maxInstanceCount: z.number(),
    environmentVariables: z.record(z.string(), z.string()).default({}),
    secretEnvironmentVariables: z.array(secretSchema).default([]),
  }),
});

/** The id of the Cloud Run service that such a resource is, or has under it; `undefined` for other kinds. */
export function serviceOf(kind: string, id: string): string | undefined {
  if (kind === SERVICE_KIND) return id;
  return kind === FUNCTION_KIND ? id.replace("/functions/", "/services/") : undefined;
}

/** A Cloud Run service by its id, be it the program's own or a function's. */
export function findService(resources: ResourceStore, id: string): CloudResource | undefined {
  const made = resources.get(FUNCTION_KIND, id.replace("/services/", "/functions/"));
  return resources.get(SERVICE_KIND, id) ?? (made && toService(made));
}

/** Every Cloud Run service, functions' own among them. */
export function listServices(resources: ResourceStore): readonly CloudResource[] {
  return [...resources.list(SERVICE_KIND), ...resources.list(FUNCTION_KIND).map(toService)];
}

/** The service that Cloud Functions would deploy: the source as its build leaves it, under Google's framework. */
export function toService({ id, urn, properties }: CloudResource): CloudResource {
  const { buildConfig, serviceConfig } = functionSchema.parse(properties);
  const variables = {
    ...serviceConfig.environmentVariables,
    NODE_ENV: "production",
    FUNCTION_TARGET: buildConfig.entryPoint,
    FUNCTION_SIGNATURE_TYPE: "http",
  };
  const container = {
    image: "scratch",
    commands: ["node"],
    args: [FRAMEWORK_COMMAND],
    envs: [
      ...Object.entries(variables).map(([name, value]) => ({ name, value })),
      ...serviceConfig.secretEnvironmentVariables.map(({ key, projectId, secret, version }) => ({
        name: key,
        valueSource: { secretKeyRef: { secret: `projects/${projectId}/secrets/${secret}`, version } },
      })),
    ],
    resources: { limits: { memory: serviceConfig.availableMemory } },
    sourceCode: { cloudStorageSource: buildConfig.source.storageSource },
  };
  return {
    kind: SERVICE_KIND,
    id: id.replace("/functions/", "/services/"),
    urn,
    properties: {
      uri: serviceConfig.uri,
      ingress: INGRESS[serviceConfig.ingressSettings],
      template: {
        serviceAccount: serviceConfig.serviceAccountEmail,
        timeout: `${serviceConfig.timeoutSeconds}s`,
        maxInstanceRequestConcurrency: serviceConfig.maxInstanceRequestConcurrency,
        scaling: {
          minInstanceCount: serviceConfig.minInstanceCount,
          maxInstanceCount: serviceConfig.maxInstanceCount,
        },
        containers: [container],
      },
    },
  };
}
