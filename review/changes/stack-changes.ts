import type { PlannedChange, PropertyChange, ResourceState, StackPreview } from "../preview/stack-preview.ts";
import { typeOf } from "../preview/urn.ts";
import { isChurn } from "./churn.ts";

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
  /** By property path; of a creation or a deletion none. */
  readonly paths: Readonly<Record<string, PropertyChange>>;
}

/** A stack's steps, told apart by who has to read them. */
export interface StackChanges {
  readonly stack: string;
  readonly changes: readonly ResourceChange[];
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
  const folded = [...byUrn].map(([urn, own]) => foldedChange(urn, own));
  const changes = folded.filter((change) => !isNoise(change));
  return {
    stack,
    changes,
    unchanged,
    noise: noise + folded.length - changes.length,
    isWhole: unchanged > 0 || folded.every(({ outcome }) => outcome === "create"),
  };
}

function foldedChange(urn: string, steps: readonly PlannedChange[]): ResourceChange {
  const outcomes = steps.map(({ op }) => OUTCOMES[op] ?? "update");
  const outcome =
    outcomes.includes("replace") || (outcomes.includes("create") && outcomes.includes("delete"))
      ? "replace"
      : (outcomes[0] ?? "update");
  const before = steps.find((step) => step.before !== undefined)?.before;
  const after = steps.findLast((step) => step.after !== undefined)?.after;
  const paths = Object.assign(
    {},
    ...steps.map(({ detailedDiff }) => detailedDiff),
  ) as ResourceChange["paths"];
  const forced = Object.entries(paths).filter(([, { kind }]) => kind.endsWith("-replace"));
  const reasons = steps.flatMap(({ replaceReasons }) => replaceReasons);
  return {
    urn,
    type: typeOf(urn),
    outcome,
    ...(before && outcome !== "create" && { before }),
    ...(after && outcome !== "delete" && { after }),
    forcedBy: [...new Set(reasons.length > 0 ? reasons : forced.map(([path]) => path))],
    paths,
  };
}

/** An update of nothing that the program asks for. */
function isNoise({ outcome, type, paths }: ResourceChange): boolean {
  if (outcome !== "update") return false;
  const told = Object.entries(paths);
  if (told.length === 0) return false;
  return told.every(([path, { inputDiff }]) => !inputDiff || isChurn(type, path));
}
