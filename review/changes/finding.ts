import type { Holding } from "../losses.ts";
import type { ResourceState } from "../preview/stack-preview.ts";
import type { ResourceChange } from "./stack-changes.ts";

/** Why somebody must read of a change, in the order of importance. */
export const FINDING_KINDS = [
  "deletion",
  "replacement",
  "dead-letter",
  "backlog",
  "public",
  "access",
  "protection",
  "edge",
  "encryption",
  "certificate",
  "route",
  "retention",
  "alert",
] as const;

export type FindingKind = (typeof FINDING_KINDS)[number];

export interface Finding {
  readonly urn: string;
  readonly kind: FindingKind;
  /** In words of the program, without secrets. */
  readonly sentence: string;
}

/** What else there is to know of a stack's changes. */
export interface Context {
  /** URNs of subscriptions that change, by the URN and by the name, `/topics/NAME`, of their dead letters' topic. */
  readonly deadLetterSources: ReadonlyMap<string, readonly string[]>;
  /** Changes by URN. */
  readonly byUrn: ReadonlyMap<string, ResourceChange>;
  /** What the preview shows of a resource, of one that stays the same too: before, and after. */
  statesOf(urn: string): readonly ResourceState[];
  holdingOf(type: string): Holding | undefined;
  /** The resource that is made in the place of one that is deleted, as far as names tell. */
  heirOf(urn: string): string | undefined;
}

/** Looks at one change. */
export type Rule = (change: ResourceChange, context: Context) => readonly Finding[];
