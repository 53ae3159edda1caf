import type { ResourceState } from "../preview/stack-preview.ts";
import { topOf } from "./property-paths.ts";
import type { ResourceChange } from "./stack-changes.ts";

/** Nobody reads a tree that is deeper: what is further down hangs on its last floor. */
const MOST_DEPTH = 50;

/** A change, and those that follow from it. */
export interface ChangeTree {
  readonly change: ResourceChange;
  readonly drags: readonly ChangeTree[];
}

/**
 * Changes as trees: one that is made anew or goes, and what is changed for its sake. What is made in the place of one
 * that goes belongs to it.
 *
 * @param heirs URNs of what is deleted to those of what is made in their place
 */
export function treesOf(
  changes: readonly ResourceChange[],
  heirs: ReadonlyMap<string, string>,
): readonly ChangeTree[] {
  const byUrn = new Map(changes.map((change) => [change.urn, change]));
  const former = new Map([...heirs].map(([gone, heir]) => [heir, gone]));
  const causeOf = (change: ResourceChange): string | undefined => {
    const own = former.get(change.urn);
    // The root of a tree is what goes; its heir is below it.
    if (own !== undefined && byUrn.has(own)) return own;
    return sourcesOf(change)
      .map((urn) => former.get(urn) ?? urn)
      .find((urn) => urn !== change.urn && isCause(byUrn.get(urn)));
  };
  const causes = new Map(changes.map((change) => [change.urn, causeOf(change)]));
  const round = roundIn(causes);
  const below = new Map<string, ResourceChange[]>();
  const roots: Growing[] = [];
  for (const change of changes) {
    const cause = causes.get(change.urn);
    if (cause === undefined || round.has(change.urn)) {
      roots.push({ change, drags: [], depth: 0 });
      continue;
    }
    const others = below.get(cause);
    if (others === undefined) below.set(cause, [change]);
    else others.push(change);
  }
  const growing = [...roots];
  for (let node = growing.pop(); node !== undefined; node = growing.pop()) {
    const { depth, floor } = node;
    const on = floor ?? node;
    for (const change of below.get(node.change.urn) ?? []) {
      const next: Growing = {
        change,
        drags: [],
        depth: depth + 1,
        ...(depth + 1 >= MOST_DEPTH && { floor: on }),
      };
      on.drags.push(next);
      growing.push(next);
    }
  }
  return roots;
}

interface Growing extends ChangeTree {
  readonly drags: Growing[];
  readonly depth: number;
  /** Where what follows from it hangs, if not on itself. */
  readonly floor?: Growing;
}

/** What the change may be for the sake of: what its forced or changed inputs come from, or came from. */
function sourcesOf({ outcome, before, after, forcedBy, paths }: ResourceChange): readonly string[] {
  const changed = [...(forcedBy.length > 0 ? forcedBy : Object.keys(paths))].map(topOf);
  const ofInputs = (state: ResourceState | undefined) =>
    Object.entries(state?.propertyDependencies ?? {})
      .filter(([name]) => outcome === "create" || outcome === "delete" || changed.includes(name))
      .flatMap(([, urns]) => urns);
  return [...ofInputs(before), ...ofInputs(after)];
}

function isCause(change: ResourceChange | undefined): boolean {
  return change !== undefined && (change.outcome === "replace" || change.outcome === "delete");
}

/** Those that are the cause of themselves. */
function roundIn(causes: ReadonlyMap<string, string | undefined>): ReadonlySet<string> {
  const round = new Set<string>();
  const walked = new Set<string>();
  for (const urn of causes.keys()) {
    const way: string[] = [];
    let next: string | undefined = urn;
    while (next !== undefined && !walked.has(next)) {
      walked.add(next);
      way.push(next);
      next = causes.get(next);
    }
    const start = next === undefined ? -1 : way.indexOf(next);
    if (start >= 0) for (const each of way.slice(start)) round.add(each);
  }
  return round;
}
