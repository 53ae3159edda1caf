import { objectOf } from "../../local/kernel/property-values.ts";
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
  /** What of the resource: an input, a variable, a role. With the policy and the resource it is the violation's identity. */
  readonly what?: string;
  readonly sentence: string;
  /** Nobody can tell yet: it is no finding, and an exemption from it is not without use. */
  readonly isUndecided?: boolean;
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

/**
 * A resource's input breaks a rule ("must be …"). Undecided, where the value is known only once it is made.
 *
 * @param what tells it from what else of the resource breaks the policy @default the input
 */
export function breach(
  resource: ResourceState,
  input: string,
  rule: string,
  value: unknown,
  what = input,
): Violation {
  const sentence = `${subjectOf(resource)}: ${input} ${rule}; got ${shown(value)}.`;
  return { urn: resource.urn, what, sentence, ...(isUnknown(value) && { isUndecided: true }) };
}

/** Whether a value, or a part of its text, is known only once something is made. */
export function isUnknown(value: unknown): boolean {
  return typeof value === "string" && value.includes(UNKNOWN);
}

/** What lies at a path; {@link UNKNOWN} where that, or what it is in, is. */
export function valueIn(holder: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => (isUnknown(value) ? UNKNOWN : objectOf(value)[name]), holder);
}

function shown(value: unknown): string {
  if (value === undefined || value === null || value === "") return "nothing";
  return typeof value === "string" ? value : JSON.stringify(value);
}
