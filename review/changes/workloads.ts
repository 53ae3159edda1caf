import type { ResourceState } from "../preview/stack-preview.ts";
import { nameOf } from "../preview/urn.ts";
import type { Knowledge } from "./knowledge.ts";
import { valueAt } from "./property-paths.ts";
import type { ResourceChange } from "./stack-changes.ts";
import { shown } from "./wording.ts";

/** What runs code, and where its settings stand. */
interface WorkloadKind {
  readonly type: RegExp;
  readonly settings: Readonly<Record<string, readonly string[]>>;
  /** Inputs that say which code. */
  readonly code: readonly string[];
}

const CONTAINER = "template.containers[0]";
const JOB_CONTAINER = "template.template.containers[0]";
const KINDS: readonly WorkloadKind[] = [
  {
    type: /:cloudrunv2\/service:Service$/,
    settings: {
      cpu: [`${CONTAINER}.resources.limits.cpu`],
      memory: [`${CONTAINER}.resources.limits.memory`],
      "instances at least": ["template.scaling.minInstanceCount", "scaling.minInstanceCount"],
      "instances at most": ["template.scaling.maxInstanceCount", "scaling.maxInstanceCount"],
      "requests at once": ["template.maxInstanceRequestConcurrency"],
      timeout: ["template.timeout"],
    },
    code: [`${CONTAINER}.sourceCode.cloudStorageSource.object`, `${CONTAINER}.image`],
  },
  {
    type: /:cloudrunv2\/job:Job$/,
    settings: {
      cpu: [`${JOB_CONTAINER}.resources.limits.cpu`],
      memory: [`${JOB_CONTAINER}.resources.limits.memory`],
      tasks: ["template.taskCount"],
      timeout: ["template.template.timeout"],
    },
    code: [`${JOB_CONTAINER}.image`],
  },
  {
    type: /:cloudfunctionsv2\/function:Function$/,
    settings: {
      cpu: ["serviceConfig.availableCpu"],
      memory: ["serviceConfig.availableMemory"],
      "instances at least": ["serviceConfig.minInstanceCount"],
      "instances at most": ["serviceConfig.maxInstanceCount"],
      "requests at once": ["serviceConfig.maxInstanceRequestConcurrency"],
      timeout: ["serviceConfig.timeoutSeconds"],
    },
    code: ["buildConfig.source.storageSource.object"],
  },
];
const CODE = /:storage\/bucketObject:BucketObject$/;

/** A setting before and after; nothing where there is none. */
export interface Setting {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

export interface WorkloadChange {
  readonly stack: string;
  readonly urn: string;
  readonly name: string;
  readonly outcome: ResourceChange["outcome"];
  readonly settings: readonly Setting[];
  /** Of the properties that this tells. */
  readonly paths: readonly string[];
  /** Of a workload whose code changes; sizes in bytes, where they are known. */
  readonly code?: { readonly before?: number; readonly after?: number };
}

/** What runs after an update in another way, or other code, or no more. */
export function workloadsIn(
  stack: string,
  changes: readonly ResourceChange[],
  sizeOf: Knowledge["sizeOf"],
): readonly WorkloadChange[] {
  const objects = new Map(
    changes.filter(({ type }) => CODE.test(type)).map((change) => [change.urn, change]),
  );
  return changes.flatMap((change): readonly WorkloadChange[] => {
    const kind = KINDS.find(({ type }) => type.test(change.type));
    if (kind === undefined) return [];
    const { urn, outcome } = change;
    const settings = settingsOf(kind, change);
    const code = codeOf(kind, change, objects, sizeOf);
    if (settings.length === 0 && code === undefined && outcome === "update") return [];
    const paths = [...Object.values(kind.settings).flat(), ...kind.code, ...kind.code.map(generationBeside)];
    return [{ stack, urn, name: nameOf(urn), outcome, settings, paths, ...(code && { code }) }];
  });
}

/** Another object has another generation. */
function generationBeside(path: string): string {
  return path.replace(/[^.]+$/, "generation");
}

/** URNs of the code that workloads run: its changes are told with theirs. */
export function codeIn(changes: readonly ResourceChange[]): ReadonlySet<string> {
  const needed = new Set(
    changes
      .filter(({ type }) => KINDS.some((kind) => kind.type.test(type)))
      .flatMap(({ before, after }) => [...(before?.dependencies ?? []), ...(after?.dependencies ?? [])]),
  );
  const code = changes.filter(({ urn, type }) => CODE.test(type) && needed.has(urn));
  return new Set(code.map(({ urn }) => urn));
}

function settingsOf(
  { settings }: WorkloadKind,
  { before, after, outcome }: ResourceChange,
): readonly Setting[] {
  if (outcome === "delete") return [];
  return Object.entries(settings).flatMap(([name, paths]) => {
    const [old, next] = [before, after].map((state) => firstAt(state, paths));
    if (old === next || (outcome === "create" && next === undefined)) return [];
    return [{ name, before: shown(old, []), after: shown(next, []) }];
  });
}

function codeOf(
  { code }: WorkloadKind,
  { before, after, outcome }: ResourceChange,
  objects: ReadonlyMap<string, ResourceChange>,
  sizeOf: Knowledge["sizeOf"],
): WorkloadChange["code"] {
  if (outcome === "delete" || firstAt(before, code) === firstAt(after, code)) return undefined;
  const sizeIn = (state: ResourceState | undefined, side: "before" | "after") => {
    const object = state?.dependencies
      .map((urn) => objects.get(urn))
      .find((each) => each?.[side] !== undefined);
    return object?.[side] && sizeOf?.(object[side].inputs.source);
  };
  const [old, next] = [sizeIn(before, "before"), sizeIn(after, "after")];
  return { ...(old !== undefined && { before: old }), ...(next !== undefined && { after: next }) };
}

function firstAt(state: ResourceState | undefined, paths: readonly string[]): unknown {
  return paths.map((path) => valueAt(state?.inputs, path)).find((value) => value !== undefined);
}
