import {
  numberOf,
  objectOf,
  objectsOf,
  type Properties,
  textOf,
} from "../../local/kernel/property-values.ts";
import type { GraphIndex } from "../graph/graph-index.ts";
import type { ResourceState } from "../preview/stack-preview.ts";

export const SERVICE = "gcp:cloudrunv2/service:Service";
export const FUNCTION = "gcp:cloudfunctionsv2/function:Function";
/** Lets call a service. */
export const INVOKER = "roles/run.invoker";

/** A variable of a workload's environment: a text, or a version of a secret. */
export interface Variable {
  readonly name: string;
  readonly text?: unknown;
  readonly secretVersion?: unknown;
}

/** A Cloud Run service or a function: what policies ask of one. */
export interface Workload {
  readonly resource: ResourceState;
  /** The input that has the rest. */
  readonly input: "template" | "serviceConfig";
  readonly account: string | undefined;
  readonly maxInstances: number | undefined;
  /** Whose requests reach it: everybody's, those of the load balancer and of the project, or the latter alone. */
  readonly ingress: "open" | "balanced" | "internal";
  readonly variables: readonly Variable[];
  /** By an image or by an object with its code. */
  readonly artefacts: readonly string[];
}

export function workloadsOf(graph: GraphIndex): readonly Workload[] {
  return [...graph.ofTypes(SERVICE).map(serviceOf), ...graph.ofTypes(FUNCTION).map(functionOf)];
}

function serviceOf(resource: ResourceState): Workload {
  const template = objectOf(resource.inputs.template);
  const containers = objectsOf(template.containers);
  return {
    resource,
    input: "template",
    account: textOf(template.serviceAccount),
    maxInstances: numberOf(objectOf(template.scaling).maxInstanceCount),
    ingress: ingressOf(
      resource.inputs.ingress,
      "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
      "INGRESS_TRAFFIC_INTERNAL_ONLY",
    ),
    variables: containers.flatMap(({ envs }) => objectsOf(envs)).map(variableOf),
    artefacts: containers.map(({ image, sourceCode }) => {
      const object = textOf(objectOf(objectOf(sourceCode).cloudStorageSource).object);
      return object ?? textOf(image) ?? "";
    }),
  };
}

function variableOf({ name, value, valueSource }: Properties): Variable {
  const { secretKeyRef } = objectOf(valueSource);
  return {
    name: String(name),
    ...(secretKeyRef === undefined ? { text: value } : { secretVersion: objectOf(secretKeyRef).version }),
  };
}

function functionOf(resource: ResourceState): Workload {
  const config = objectOf(resource.inputs.serviceConfig);
  const { storageSource } = objectOf(objectOf(resource.inputs.buildConfig).source);
  return {
    resource,
    input: "serviceConfig",
    account: textOf(config.serviceAccountEmail),
    maxInstances: numberOf(config.maxInstanceCount),
    ingress: ingressOf(config.ingressSettings, "ALLOW_INTERNAL_AND_GCLB", "ALLOW_INTERNAL_ONLY"),
    variables: [
      ...Object.entries(objectOf(config.environmentVariables)).map(([name, text]) => ({ name, text })),
      ...objectsOf(config.secretEnvironmentVariables).map(({ key, version }) => ({
        name: String(key),
        secretVersion: version,
      })),
    ],
    artefacts: [textOf(objectOf(storageSource).object) ?? ""],
  };
}

function ingressOf(value: unknown, balanced: string, internal: string): Workload["ingress"] {
  if (value === balanced) return "balanced";
  return value === internal ? "internal" : "open";
}
