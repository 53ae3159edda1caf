import { type GraphIndex, subjectOf } from "../graph/graph-index.ts";
import { type ResourceState, UNKNOWN } from "../preview/stack-preview.ts";

/** A mandatory policy must hold, or have an exemption; an advisory one is worth a look. */
export type Severity = "mandatory" | "advisory";

/** What a graph must hold to, as far as a graph can tell. Knows the clouds' resources, and no program. */
export interface Policy {
  /** In kebab-case. Exemptions name it: it stays. */
  readonly id: string;
  readonly severity: Severity;
  /** What could happen otherwise. */
  readonly reason: string;
  /** What whoever breaks it does. */
  readonly wayOut: string;
  /** Whose rule it is: a benchmark's, with its number, or a property that this platform has by design. */
  readonly source: string;
  judge(graph: GraphIndex): readonly Violation[];
}

export interface Violation {
  /** None: of the stack as a whole. */
  readonly urn?: string;
  readonly sentence: string;
}

/** A policy that does not hold. */
export interface PolicyFinding extends Violation {
  /** The policy's. */
  readonly id: string;
  readonly severity: Severity;
  readonly wayOut: string;
  /** Who answers for it that it may be so, and until when. */
  readonly exemption?: { readonly owner: string; readonly expires: string };
}

/** A resource's input breaks a rule ("must be …"). */
export function breach(resource: ResourceState, input: string, rule: string, value: unknown): Violation {
  return {
    urn: resource.urn,
    sentence: `${subjectOf(resource)}: ${input} ${rule}; got ${shown(value)}.`,
  };
}

function shown(value: unknown): string {
  if (value === undefined || value === null || value === "") return "nothing";
  if (value === UNKNOWN) return "what is known only once it is made";
  return typeof value === "string" ? value : JSON.stringify(value);
}
