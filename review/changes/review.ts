import { type CostDifference, costDifference } from "../cost/cost.ts";
import { graphOf } from "../graph/resource-graph.ts";
import type { PolicyFinding } from "../policies/policy.ts";
import type { PlannedChange, ResourceState, StackPreview } from "../preview/stack-preview.ts";
import { nameOf } from "../preview/urn.ts";
import type { Rehearsal } from "../rehearsal/rehearsal.ts";
import type { FindingKind } from "./finding.ts";
import type { Knowledge } from "./knowledge.ts";
import { type Branch, type MustRead, mustReadOf, rankOf } from "./must-read.ts";
import { differingPaths, valueAt } from "./property-paths.ts";
import { redactedSentence } from "./redaction.ts";
import { changesOf, type Outcome, type ResourceChange, type StackChanges } from "./stack-changes.ts";
import { noun, shownAt } from "./wording.ts";
import { codeIn, type WorkloadChange, workloadsIn } from "./workloads.ts";

/** From the worst on. */
export const VERDICTS = ["fails", "dangerous", "read", "ordinary", "unchanged"] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface StackReview {
  readonly stack: string;
  readonly verdict: Verdict;
  readonly counts: Readonly<Record<Outcome, number>>;
  readonly unchanged: number;
  /** Steps that are counted and not shown. */
  readonly noise: number;
  /** What the preview calls an error. */
  readonly errors: readonly string[];
  /** Why no policy was judged, if none was. */
  readonly unjudged?: string;
  readonly cost: CostDifference;
}

export interface ReviewedPolicy extends PolicyFinding {
  readonly stack: string;
  /** Whether the change brings it; otherwise it stood before. */
  readonly isNew: boolean;
}

/** One resource's change, as far as nothing else tells of it. */
export interface OtherChange {
  readonly stack: string;
  readonly urn: string;
  readonly outcome: Outcome;
  readonly noun: string;
  readonly name: string;
  readonly properties: readonly ShownProperty[];
  /** How many properties differ beside those. */
  readonly left: number;
}

/** Old and new value, without secrets. */
export interface ShownProperty {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/** What a reviewer is to know of what an update would do, and nothing secret. */
export interface Review {
  readonly stacks: readonly StackReview[];
  /** In the order of importance. */
  readonly mustRead: readonly MustRead[];
  readonly workloads: readonly WorkloadChange[];
  readonly policies: readonly ReviewedPolicy[];
  readonly others: readonly OtherChange[];
  /** What those who use the platform noticed of the update, where it was tried. */
  readonly rehearsal?: Rehearsal;
}

/** Whoever overlooks one of these loses something, or gives it away. */
const DANGERS: readonly FindingKind[] = [
  "deletion",
  "replacement",
  "backlog",
  "dead-letter",
  "public",
  "protection",
];
const MOST_PROPERTIES = 40;

export function reviewOf(previews: readonly StackPreview[], knowledge: Knowledge): Review {
  const reviewed = previews.map((preview) =>
    reviewOfStack(preview, calledAmong(previews, preview), knowledge),
  );
  return {
    stacks: reviewed.map(({ stack }) => stack),
    mustRead: reviewed
      .flatMap(({ mustRead }) => mustRead)
      .sort((left, right) => rankOf(left) - rankOf(right)),
    workloads: reviewed.flatMap(({ workloads }) => workloads),
    policies: reviewed.flatMap(({ policies }) => policies),
    others: reviewed.flatMap(({ others }) => others),
  };
}

/** Stacks of several projects may have one name. */
function calledAmong(previews: readonly StackPreview[], { stack, project }: StackPreview): string {
  const isShared = previews.some((other) => other.stack === stack && other.project !== project);
  return isShared ? `${project}/${stack}` : stack;
}

function reviewOfStack(preview: StackPreview, called: string, knowledge: Knowledge) {
  const changed = { ...changesOf(preview), stack: called };
  const { stack, changes, unchanged, noise, isWhole } = changed;
  const mustRead = mustReadOf(changed, (type) => knowledge.holdingOf(type));
  const workloads = workloadsIn(stack, changes, knowledge.sizeOf && ((asset) => knowledge.sizeOf?.(asset)));
  const errors = preview.diagnostics
    .filter(({ severity }) => severity === "error")
    .map(({ message }) => redactedSentence(message.trim()));
  const unjudged = knowledge.policiesOf && whyUnjudged(isWhole, errors);
  const policies = unjudged === undefined ? policiesOf(preview, called, knowledge) : [];
  return {
    stack: {
      stack,
      verdict: verdictOf(changed, mustRead, policies, errors),
      counts: countsOf(changes),
      unchanged,
      noise,
      errors,
      ...(unjudged !== undefined && { unjudged }),
      cost: costDifference(changes, statesOf(preview.changes)),
    } satisfies StackReview,
    mustRead,
    workloads,
    policies,
    others: othersIn(changed, workloads, mustRead),
  };
}

/** Of a part of a graph no policy can be judged: what it asks for may be in the rest. */
function whyUnjudged(isWhole: boolean, errors: readonly string[]): string | undefined {
  if (errors.length > 0) return "it does not preview";
  return isWhole ? undefined : "the preview shows only what changes; one with --show-sames shows the rest";
}

function verdictOf(
  { changes }: StackChanges,
  mustRead: readonly MustRead[],
  policies: readonly ReviewedPolicy[],
  errors: readonly string[],
): Verdict {
  if (errors.length > 0) return "fails";
  const kinds = mustRead.flatMap(({ kind, more }) => [kind, ...more.map((finding) => finding.kind)]);
  if (kinds.some((kind) => DANGERS.includes(kind))) return "dangerous";
  const isBroken = policies.some(
    ({ isNew, severity, exemption }) => isNew && severity === "mandatory" && !exemption,
  );
  if (kinds.length > 0 || isBroken) return "read";
  return changes.length > 0 ? "ordinary" : "unchanged";
}

function countsOf(changes: readonly ResourceChange[]): Readonly<Record<Outcome, number>> {
  const counts = { create: 0, update: 0, replace: 0, delete: 0 };
  for (const { outcome } of changes) counts[outcome] += 1;
  return counts;
}

/** New ones first. */
function policiesOf(
  preview: StackPreview,
  called: string,
  { policiesOf: judge }: Knowledge,
): readonly ReviewedPolicy[] {
  if (judge === undefined) return [];
  const { stack, project } = preview;
  const { before } = statesOf(preview.changes);
  const key = ({ id, urn, what }: PolicyFinding) => JSON.stringify([id, urn, what]);
  const stood = new Set(before.length > 0 ? judge({ stack, project, resources: before }).map(key) : []);
  return judge(graphOf(preview))
    .map((finding) => ({
      ...finding,
      stack: called,
      sentence: redactedSentence(finding.sentence),
      isNew: !stood.has(key(finding)),
    }))
    .sort((left, right) => Number(right.isNew) - Number(left.isNew));
}

function statesOf(steps: readonly PlannedChange[]) {
  const [before, after] = [new Map<string, ResourceState>(), new Map<string, ResourceState>()];
  for (const step of steps) {
    if (step.before) before.set(step.urn, step.before);
    if (step.after && !step.op.startsWith("delete")) after.set(step.urn, step.after);
  }
  return { before: [...before.values()], after: [...after.values()] };
}

function othersIn(
  { stack, changes }: StackChanges,
  workloads: readonly WorkloadChange[],
  mustRead: readonly MustRead[],
): readonly OtherChange[] {
  const objects = codeIn(changes);
  const told = new Set([...objects, ...mustRead.flatMap(toldIn)]);
  const running = new Map(workloads.map((workload) => [workload.urn, workload]));
  return changes.flatMap((change): readonly OtherChange[] => {
    const { urn, outcome, type } = change;
    const workload = running.get(urn);
    const paths = pathsOf(change).filter((path) => !workload?.paths.includes(path));
    const properties = paths.slice(0, MOST_PROPERTIES).map((path) => propertyAt(change, path));
    const isTold = told.has(urn) || workload !== undefined;
    // Of what is told elsewhere, only what nobody has seen yet.
    if (objects.has(urn) || (isTold && (outcome !== "update" || properties.length === 0))) return [];
    return [
      {
        stack,
        urn,
        outcome,
        noun: noun(type),
        name: nameOf(urn),
        properties,
        left: paths.length - properties.length,
      },
    ];
  });
}

/** URNs of all that a thing to read speaks of. */
function toldIn({ urn, more, tree }: MustRead): readonly string[] {
  const within = ({ urn: own, drags }: Branch): readonly string[] => [own, ...drags.flatMap(within)];
  return [urn, ...more.map((finding) => finding.urn), ...(tree ? within(tree) : [])];
}

function pathsOf({ outcome, before, after, paths }: ResourceChange): readonly string[] {
  if (outcome === "create" || outcome === "delete") return [];
  const named = Object.keys(paths);
  return named.length > 0 ? named : differingPaths(before?.inputs, after?.inputs);
}

function propertyAt({ before, after }: ResourceChange, path: string): ShownProperty {
  const [old, next] = [before, after].map((state) =>
    shownAt(valueAt(state?.inputs, path) === undefined ? state?.outputs : state?.inputs, path),
  );
  return { path, before: old ?? "", after: next ?? "" };
}
