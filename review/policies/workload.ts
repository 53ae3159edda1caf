import { objectOf, objectsOf, type Properties, textsOf } from "../../local/kernel/property-values.ts";
import type { GraphIndex } from "../graph/graph-index.ts";
import type { ResourceState } from "../preview/stack-preview.ts";
import { accountsBehind } from "./grant.ts";
import { isUnknown, valueIn } from "./policy.ts";

export const SERVICE = "gcp:cloudrunv2/service:Service";
/** Lets call a service. */
export const INVOKER = "roles/run.invoker";

/** A variable of a workload's environment: a text, or a version of a secret. */
export interface Variable {
  readonly name: string;
  readonly text?: unknown;
  readonly secretVersion?: unknown;
}

/** What runs, in whatever kind of resource: what policies ask of it. */
export interface Workload {
  readonly resource: ResourceState;
  readonly account: unknown;
  /** Who that is: the address or, as long as that is not known, the URNs of those that it may be. */
  readonly identities: readonly string[];
  /** Absent where nothing makes more of it by itself. */
  readonly scaling?: { readonly maxInstances: unknown };
  /** Whose requests reach it: everybody's, those of the load balancer and of the project, or the latter alone. Absent where none do. */
  readonly ingress?: Ingress;
  readonly variables: readonly Variable[];
  /** By an image or by an object with its code. */
  readonly artefacts: readonly unknown[];
}

type Ingress = "open" | "balanced" | "internal" | "unknown";
/** With the input that has the account. */
type Read = Omit<Workload, "resource" | "identities"> & { readonly input: string };

const KINDS: Readonly<Record<string, (inputs: Properties) => Read>> = {
  [SERVICE]: ({ template, scaling, ingress }) => ({
    ...containersOf(template),
    scaling: {
      maxInstances: valueIn(template, "scaling", "maxInstanceCount") ?? instancesOf(scaling),
    },
    ingress: ingressOf(ingress, "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER", "INGRESS_TRAFFIC_INTERNAL_ONLY"),
  }),
  "gcp:cloudrunv2/job:Job": ({ template }) => containersOf(valueIn(template, "template")),
  "gcp:cloudrunv2/workerPool:WorkerPool": ({ template, scaling }) => ({
    ...containersOf(template),
    scaling: { maxInstances: instancesOf(scaling) },
  }),
  "gcp:cloudrun/service:Service": ({ metadata, template }) => ({
    ...containersOf(valueIn(template, "spec")),
    account: valueIn(template, "spec", "serviceAccountName"),
    scaling: {
      maxInstances: wholeOf(valueIn(template, "metadata", "annotations", "autoscaling.knative.dev/maxScale")),
    },
    ingress: ingressOf(
      valueIn(metadata, "annotations", "run.googleapis.com/ingress"),
      "internal-and-cloud-load-balancing",
      "internal",
    ),
  }),
  "gcp:cloudfunctionsv2/function:Function": ({ serviceConfig, buildConfig }) => ({
    input: "serviceConfig",
    account: valueIn(serviceConfig, "serviceAccountEmail"),
    scaling: { maxInstances: valueIn(serviceConfig, "maxInstanceCount") },
    ingress: functionIngressOf(valueIn(serviceConfig, "ingressSettings")),
    variables: functionVariablesOf(objectOf(serviceConfig)),
    artefacts: [valueIn(buildConfig, "source", "storageSource", "object")],
  }),
  "gcp:cloudfunctions/function:Function": (inputs) => ({
    input: "serviceAccountEmail",
    account: inputs.serviceAccountEmail,
    scaling: { maxInstances: inputs.maxInstances },
    ingress: functionIngressOf(inputs.ingressSettings),
    variables: functionVariablesOf(inputs),
    artefacts: [inputs.sourceArchiveObject],
  }),
};

export function workloadsOf(graph: GraphIndex): readonly Workload[] {
  return graph.ofTypes(...Object.keys(KINDS)).flatMap((resource) => {
    const read = KINDS[resource.type]?.(resource.inputs);
    if (read === undefined) return [];
    const { input, ...workload } = read;
    const { account } = workload;
    const identities = isUnknown(account) ? accountsBehind(graph, resource, input) : textsOf([account]);
    return { resource, identities, ...workload };
  });
}

/** Of all kinds of Cloud Run. */
function containersOf(holder: unknown): Read {
  const containers = objectsOf(valueIn(holder, "containers"));
  return {
    input: "template",
    account: valueIn(holder, "serviceAccount"),
    variables: containers.flatMap(({ envs }) => objectsOf(envs)).map(variableOf),
    artefacts: containers.map(
      ({ image, sourceCode }) => valueIn(sourceCode, "cloudStorageSource", "object") ?? image,
    ),
  };
}

/** The older kind of service calls a version `key`. */
function variableOf({ name, value, valueSource, valueFrom }: Properties): Variable {
  const secret = valueIn(valueSource ?? valueFrom, "secretKeyRef");
  return {
    name: String(name),
    ...(secret === undefined
      ? { text: value }
      : { secretVersion: valueIn(secret, valueSource === undefined ? "key" : "version") }),
  };
}

function functionVariablesOf(config: Properties): readonly Variable[] {
  return [
    ...Object.entries(objectOf(config.environmentVariables)).map(([name, text]) => ({ name, text })),
    ...objectsOf(config.secretEnvironmentVariables).map(({ key, version }) => ({
      name: String(key),
      secretVersion: version,
    })),
  ];
}

/** How many of it at most; where somebody says how many there are, that is it. */
function instancesOf(scaling: unknown): unknown {
  return valueIn(scaling, "maxInstanceCount") ?? valueIn(scaling, "manualInstanceCount");
}

/** Annotations are texts. */
function wholeOf(annotation: unknown): unknown {
  return /^\d+$/.test(String(annotation)) ? Number(annotation) : annotation;
}

function functionIngressOf(value: unknown): Ingress {
  return ingressOf(value, "ALLOW_INTERNAL_AND_GCLB", "ALLOW_INTERNAL_ONLY");
}

function ingressOf(value: unknown, balanced: string, internal: string): Ingress {
  if (isUnknown(value)) return "unknown";
  if (value === balanced) return "balanced";
  return value === internal ? "internal" : "open";
}
