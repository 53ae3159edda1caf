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
/** Folders of this repository's programs, by the name of their project. */
const PROGRAMS: Readonly<Record<string, string>> = { platform: ".", delivery: join("stacks", "delivery") };

/**
 * What of a graph breaks which policy, in the policies' order; exemptions that have expired or are of no use come last.
 *
 * @param exemptions @default those of the program of this repository that the project is
 * @param policies @default all
 * @throws {InvalidExemptions}
 */
export function judgePolicies(
  graph: ResourceGraph,
  now: Date,
  exemptions: readonly Exemption[] = exemptionsOfProject(graph.project),
  policies: readonly Policy[] = POLICIES,
): readonly PolicyFinding[] {
  const index = new GraphIndex(graph);
  const findings = policies.flatMap(({ id, severity, wayOut, judge }) =>
    judge(index).map((violation): PolicyFinding => ({ id, severity, wayOut, ...violation })),
  );
  const own = exemptions.filter(({ policy }) => policies.some(({ id }) => id === policy));
  return withExemptions(findings, graph, own, now).filter(({ isUndecided }) => !isUndecided);
}

/** @param folder of a program @throws {InvalidExemptions} */
export function exemptionsOf(folder: string): readonly Exemption[] {
  return readExemptions(folder, POLICIES);
}

function exemptionsOfProject(project: string): readonly Exemption[] {
  const folder = PROGRAMS[project];
  return folder === undefined ? [] : exemptionsOf(join(REPOSITORY, folder));
}
