import type { ResourceGraph } from "../graph/resource-graph.ts";
import type { Holding } from "../losses.ts";
import type { PolicyFinding } from "../policies/policy.ts";

/** What previews do not say, and whoever has them reviewed knows. */
export interface Knowledge {
  /** What a resource of a type holds. */
  holdingOf(type: string): Holding | undefined;
  /** Bytes of an asset that is on this machine. */
  sizeOf?(asset: unknown): number | undefined;
  /** What a whole graph breaks. */
  policiesOf?(graph: ResourceGraph): readonly PolicyFinding[];
}
