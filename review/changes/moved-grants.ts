import { isAlike } from "../losses.ts";
import type { Context } from "./finding.ts";
import { targetOf } from "./grant-target.ts";
import { grantsOf, isGrantType, isPublic } from "./grants.ts";
import type { ResourceChange } from "./stack-changes.ts";

/**
 * Grants that go with one resource and come with the one in its place: nobody may do more or less. One to everybody is
 * none of them, since what it opens is another resource, whoever moved it.
 */
export function movedGrants(changes: readonly ResourceChange[], context: Context): ReadonlySet<string> {
  const left = new Map<string, string[]>();
  const keyOf = (change: ResourceChange, side: "before" | "after", target: string) => {
    const grants = change[side] === undefined ? [] : grantsOf(change[side], context.statesOf);
    if (grants.length === 0 || grants.some(isPublic)) return undefined;
    return JSON.stringify([
      change.type,
      target,
      grants.map(({ role, member, condition }) => [role, member, condition]),
    ]);
  };
  for (const change of changes) {
    if (change.outcome !== "create" || !isGrantType(change.type)) continue;
    const target = targetUrn(change.after);
    const key = target === undefined ? undefined : keyOf(change, "after", target);
    if (key !== undefined) left.set(key, [...(left.get(key) ?? []), change.urn]);
  }
  const moved = new Set<string>();
  for (const change of changes) {
    if (change.outcome !== "delete" || !isGrantType(change.type)) continue;
    const target = targetUrn(change.before);
    const heir = target === undefined ? undefined : context.heirOf(target);
    if (target === undefined || heir === undefined || !isAlike(target, heir)) continue;
    const key = keyOf(change, "before", heir);
    const next = key === undefined ? undefined : left.get(key)?.shift();
    if (next !== undefined) moved.add(change.urn).add(next);
  }
  return moved;
}

/** The only resource of the program that a grant is on. */
function targetUrn(state: ResourceChange["before"]): string | undefined {
  if (state === undefined) return undefined;
  const [urn, ...more] = new Set(Object.values(targetOf(state).made).flat());
  return more.length === 0 ? urn : undefined;
}
