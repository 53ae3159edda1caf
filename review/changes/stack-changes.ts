import {
  type PlannedChange,
  type PropertyChange,
  type ResourceState,
  SECRET,
  type StackPreview,
} from "../preview/stack-preview.ts";
import { typeOf } from "../preview/urn.ts";
import { isChurn } from "./churn.ts";
import { deepestAt, differingPaths, topOf } from "./property-paths.ts";

/** What becomes of a resource, in one word, however many steps the engine takes. */
export type Outcome = "create" | "update" | "replace" | "delete";

/** A resource of a provider that does not stay as it is. */
export interface ResourceChange {
  readonly urn: string;
  readonly type: string;
  readonly outcome: Outcome;
  readonly before?: ResourceState;
  readonly after?: ResourceState;
  /** Inputs that force a replacement. */
  readonly forcedBy: readonly string[];
  /** What the program changes, by property path; of a creation or a deletion none. */
  readonly paths: Readonly<Record<string, PropertyChange>>;
}

/** A stack's steps, told apart by who has to read them. */
export interface StackChanges {
  readonly stack: string;
  readonly changes: readonly ResourceChange[];
  /** What the preview shows of each resource, in its steps' order. */
  readonly states: ReadonlyMap<string, readonly ResourceState[]>;
  readonly unchanged: number;
  /** Steps that nobody needs to read: reads, refreshes, outputs alone, providers, what services rewrite by themselves. */
  readonly noise: number;
  /** Whether it shows what stays the same too; otherwise what is missing may be there. */
  readonly isWhole: boolean;
}

const OUTCOMES: Readonly<Record<string, Outcome>> = {
  /** Those that lose their protection. */
  same: "update",
  create: "create",
  import: "create",
  update: "update",
  replace: "replace",
  "create-replacement": "replace",
  "delete-replaced": "replace",
  "import-replacement": "replace",
  delete: "delete",
};
const STACK_TYPE = "pulumi:pulumi:Stack";
/** What Pulumi itself says of a resource's making, and no provider. */
const PROVIDER = /^pulumi:(providers:|pulumi:)/;

/** Whether it is the same at its service, and the engine would no longer keep it. */
function isLetGo({ before, after }: PlannedChange): boolean {
  return before !== undefined && after !== undefined && before.protect && !after.protect;
}

/** The engine shows one replacement as up to three steps. */
export function changesOf({ stack, changes: steps }: StackPreview): StackChanges {
  const byUrn = new Map<string, PlannedChange[]>();
  let [unchanged, noise] = [0, 0];
  for (const step of steps) {
    const isCustom = (step.after ?? step.before)?.custom ?? true;
    if (step.op === "same" && !isLetGo(step)) unchanged += isCustom ? 1 : 0;
    else if (OUTCOMES[step.op] === undefined || PROVIDER.test(typeOf(step.urn))) noise += 1;
    else if (isCustom) byUrn.set(step.urn, [...(byUrn.get(step.urn) ?? []), step]);
  }
  const folded = [...byUrn].map(([urn, own]) => ({ own, change: foldedChange(urn, own) }));
  const changes = folded.filter(({ own, change }) => !isNoise(change, own)).map(({ change }) => change);
  return {
    stack,
    changes,
    states: statesIn(steps),
    unchanged,
    noise: noise + folded.length - changes.length,
    isWhole: isWhole(steps),
  };
}

/**
 * Whether a preview shows what stays the same too, or there is nothing such: it makes the stack itself. One that shows
 * only what changes has those that gain or lose protection among that, as the same.
 */
function isWhole(steps: readonly PlannedChange[]): boolean {
  const showsSame = steps.some(
    ({ op, before, after }) => op === "same" && before?.protect === after?.protect,
  );
  return showsSame || steps.some(({ op, urn }) => op === "create" && typeOf(urn) === STACK_TYPE);
}

function statesIn(steps: readonly PlannedChange[]): StackChanges["states"] {
  const states = new Map<string, ResourceState[]>();
  for (const { urn, before, after } of steps) {
    const own = [before, after].filter((state) => state !== undefined);
    states.set(urn, [...(states.get(urn) ?? []), ...own]);
  }
  return states;
}

function foldedChange(urn: string, steps: readonly PlannedChange[]): ResourceChange {
  const outcomes = steps.map(({ op }) => OUTCOMES[op] ?? "update");
  const outcome =
    outcomes.includes("replace") || (outcomes.includes("create") && outcomes.includes("delete"))
      ? "replace"
      : (outcomes[0] ?? "update");
  const before = steps.find((step) => step.before !== undefined)?.before;
  const after = steps.findLast((step) => step.after !== undefined)?.after;
  const type = typeOf(urn);
  const told = toldPaths(steps, before, after);
  const forced = Object.entries(told).filter(([, { kind }]) => kind.endsWith("-replace"));
  const reasons = steps.flatMap(({ replaceReasons }) => replaceReasons);
  return {
    urn,
    type,
    outcome,
    ...(before && outcome !== "create" && { before }),
    ...(after && outcome !== "delete" && { after }),
    forcedBy: [...new Set(reasons.length > 0 ? reasons : forced.map(([path]) => path))],
    paths: Object.fromEntries(
      Object.entries(told).filter(
        ([path, { inputDiff }]) =>
          !isChurn(type, path) && (inputDiff || isAskedOtherwise(path, before, after)),
      ),
    ),
  };
}

/** As the provider tells them; of one that tells none, as the inputs differ. */
function toldPaths(
  steps: readonly PlannedChange[],
  before: ResourceState | undefined,
  after: ResourceState | undefined,
): ResourceChange["paths"] {
  const told: ResourceChange["paths"] = Object.assign({}, ...steps.map(({ detailedDiff }) => detailedDiff));
  if (Object.keys(told).length > 0 || before === undefined || after === undefined) return told;
  const differing = differingPaths(before.inputs, after.inputs);
  const seen = new Set(differing.map(topOf));
  const unseen = steps.flatMap(({ diffReasons }) => diffReasons).filter((name) => !seen.has(topOf(name)));
  return Object.fromEntries(
    [...differing, ...unseen].map((path) => [path, { kind: "update", inputDiff: true }]),
  );
}

/**
 * Whether the program asks for something else than before. Providers that are bridged from Terraform mark no change as
 * one between inputs. A secret may be another one, though what stands for it is the same.
 */
function isAskedOtherwise(
  path: string,
  before: ResourceState | undefined,
  after: ResourceState | undefined,
): boolean {
  const inputs = [before?.inputs, after?.inputs] as const;
  const top = topOf(path);
  if (inputs.every((each) => each?.[top] === undefined)) return false;
  const [old, next] = inputs.map((each) => each?.[top]);
  if (differingPaths(old, next).length > 0) return true;
  return inputs.some((each) => JSON.stringify(deepestAt(each, path) ?? null).includes(SECRET));
}

/** An update of nothing that the program asks for. */
function isNoise({ outcome, paths }: ResourceChange, steps: readonly PlannedChange[]): boolean {
  if (outcome !== "update" || Object.keys(paths).length > 0) return false;
  return steps.some(({ detailedDiff }) => Object.keys(detailedDiff).length > 0);
}
