import type { ResourceState } from "../preview/stack-preview.ts";
import { topOf } from "./property-paths.ts";
import type { ResourceChange } from "./stack-changes.ts";

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
  const below = new Map<string, ResourceChange[]>();
  const roots: ResourceChange[] = [];
  for (const change of changes) {
    const cause = causes.get(change.urn);
    if (cause === undefined || goesRound(change.urn, causes)) roots.push(change);
    else below.set(cause, [...(below.get(cause) ?? []), change]);
  }
  const tree = (change: ResourceChange): ChangeTree => ({
    change,
    drags: (below.get(change.urn) ?? []).map(tree),
  });
  return roots.map(tree);
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

function goesRound(urn: string, causes: ReadonlyMap<string, string | undefined>): boolean {
  const seen = new Set<string>();
  for (let next: string | undefined = urn; next !== undefined; next = causes.get(next)) {
    if (seen.has(next)) return seen.has(urn) && next === urn;
    seen.add(next);
  }
  return false;
}
