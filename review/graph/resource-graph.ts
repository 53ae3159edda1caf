import type { ResourceState, StackPreview } from "../preview/stack-preview.ts";

/** All resources of a stack as they would be after an update, in the order in which they are made. */
export interface ResourceGraph {
  readonly stack: string;
  readonly project: string;
  readonly resources: readonly ResourceState[];
}

/** Of a preview that shows what stays the same too (`--show-sames`): without it, that would be missing. */
export function graphOf({ stack, project, changes }: StackPreview): ResourceGraph {
  const byUrn = new Map<string, ResourceState>();
  for (const { op, urn, after } of changes) {
    if (after !== undefined && !op.startsWith("delete")) byUrn.set(urn, after);
  }
  return { stack, project, resources: [...byUrn.values()] };
}
