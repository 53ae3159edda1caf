import { GraphIndex } from "../graph/graph-index.ts";
import type { ResourceGraph } from "../graph/resource-graph.ts";
import { DATA_AT_REST } from "./data-at-rest.ts";
import type { Policy, PolicyFinding } from "./policy.ts";

export const POLICIES: readonly Policy[] = [...DATA_AT_REST];

/** What of a graph breaks which policy, in the policies' order. */
export function judgePolicies(graph: ResourceGraph, _now: Date): readonly PolicyFinding[] {
  const index = new GraphIndex(graph);
  return POLICIES.flatMap(({ id, severity, wayOut, judge }) =>
    judge(index).map((violation): PolicyFinding => ({ id, severity, wayOut, ...violation })),
  );
}
