import { join } from "node:path";
import { GraphIndex } from "../graph/graph-index.ts";
import type { ResourceGraph } from "../graph/resource-graph.ts";
import { ACCESS } from "./access.ts";
import { DATA_AT_REST } from "./data-at-rest.ts";
import { type Exemption, readExemptions, withExemptions } from "./exemptions.ts";
import { MESSAGES } from "./messages.ts";
import { OBSERVABILITY } from "./observability.ts";
import type { Policy, PolicyFinding } from "./policy.ts";
import { WORKLOADS } from "./workloads.ts";

/** In the order in which findings are told. */
export const POLICIES: readonly Policy[] = [
  ...ACCESS,
  ...DATA_AT_REST,
  ...WORKLOADS,
  ...MESSAGES,
  ...OBSERVABILITY,
];

const REPOSITORY = join(import.meta.dirname, "..", "..");

/**
 * What of a graph breaks which policy, in the policies' order; exemptions that have expired or are of no use come last.
 *
 * @param exemptions @default those of this repository's program
 * @param policies @default all
 * @throws {InvalidExemptions}
 */
export function judgePolicies(
  graph: ResourceGraph,
  now: Date,
  exemptions: readonly Exemption[] = exemptionsOfRepository(),
  policies: readonly Policy[] = POLICIES,
): readonly PolicyFinding[] {
  const index = new GraphIndex(graph);
  const findings = policies.flatMap(({ id, severity, wayOut, judge }) =>
    judge(index).map((violation): PolicyFinding => ({ id, severity, wayOut, ...violation })),
  );
  return withExemptions(findings, graph, exemptions, now);
}

/** @throws {InvalidExemptions} */
export function exemptionsOfRepository(): readonly Exemption[] {
  return exemptionsOf(REPOSITORY);
}

/** @param folder of a program @throws {InvalidExemptions} */
export function exemptionsOf(folder: string): readonly Exemption[] {
  return readExemptions(folder, POLICIES);
}
