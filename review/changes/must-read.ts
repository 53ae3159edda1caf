import { type Holding, heirOf, likelyHolding } from "../losses.ts";
import { nameOf, typeOf } from "../preview/urn.ts";
import { accessChanges } from "./access.ts";
import { type ChangeTree, treesOf } from "./change-trees.ts";
import { customRoles } from "./custom-roles.ts";
import { deadLetterSources, deadLetters } from "./dead-letters.ts";
import { exposures } from "./exposure.ts";
import { type Context, FINDING_KINDS, type Finding, type FindingKind, type Rule } from "./finding.ts";
import { causeOf, lossOfHolders } from "./losses-of-holders.ts";
import { movedGrants } from "./moved-grants.ts";
import { lessProtection } from "./protection.ts";
import { redactedSentence } from "./redaction.ts";
import type { Outcome, StackChanges } from "./stack-changes.ts";
import { watchedProperties } from "./watched-properties.ts";
import { noun } from "./wording.ts";

const RULES: readonly Rule[] = [
  lossOfHolders,
  deadLetters,
  exposures,
  accessChanges,
  customRoles,
  lessProtection,
  watchedProperties,
];
/** Comparing each that goes with each that comes would take minutes. */
const MOST_COMPARISONS = 200_000;

/** What follows from a change, or the change itself. */
export interface Branch {
  readonly urn: string;
  readonly outcome: Outcome;
  /** `bucket` */
  readonly noun: string;
  readonly name: string;
  /** `because of location (EU → US)`, or nothing. */
  readonly cause: string;
  readonly drags: readonly Branch[];
}

/** What a reviewer must read: a change and all that it drags along, told once. */
export interface MustRead {
  readonly stack: string;
  readonly urn: string;
  readonly kind: FindingKind;
  readonly sentence: string;
  /** What else is to be read of it and of what it drags along. */
  readonly more: readonly Finding[];
  /** Of a change that drags something along. */
  readonly tree?: Branch;
}

/** In the order of importance. */
export function mustReadOf(
  { stack, changes, states }: StackChanges,
  knownHolding: (type: string) => Holding | undefined,
): readonly MustRead[] {
  const holdingOf = (type: string) => knownHolding(type) ?? likelyHolding(type);
  const heirs = heirsIn(changes, holdingOf);
  const byUrn = new Map(changes.map((change) => [change.urn, change]));
  const context: Context = {
    deadLetterSources: deadLetterSources(changes),
    byUrn,
    holdingOf,
    statesOf: (urn) => states.get(urn) ?? [],
    heirOf: (urn) => heirs.get(urn),
  };
  const read = treesOf(changes, heirs).flatMap((tree): readonly MustRead[] => {
    const findings = sorted(findingsIn(tree, context));
    const [first, ...more] = findings.map((finding) => ({
      ...finding,
      sentence: redactedSentence(finding.sentence),
    }));
    if (first === undefined) return [];
    return [{ stack, ...first, more, ...(tree.drags.length > 0 && { tree: branchOf(tree) }) }];
  });
  return read.sort((left, right) => rankOf(left) - rankOf(right));
}

export function rankOf({ kind }: { readonly kind: FindingKind }): number {
  return FINDING_KINDS.indexOf(kind);
}

function findingsIn(tree: ChangeTree, context: Context): readonly Finding[] {
  const changes = flat(tree);
  const moved = movedGrants(changes, context);
  return changes.flatMap((change) => {
    if (moved.has(change.urn)) return [];
    const found = RULES.flatMap((rule) => rule(change, context));
    // One sentence a kind and resource: the first rule says more.
    const isGone = found.some(
      ({ kind }) => kind === "deletion" || kind === "replacement" || kind === "backlog",
    );
    return isGone && change.outcome === "delete"
      ? found.filter(({ kind }) => rankOf({ kind }) <= rankOf({ kind: "backlog" }))
      : found;
  });
}

function heirsIn(
  changes: StackChanges["changes"],
  holdingOf: (type: string) => Holding | undefined,
): ReadonlyMap<string, string> {
  const made = changes.filter(({ outcome }) => outcome === "create").map(({ urn }) => urn);
  const gone = changes.filter(({ outcome, type }) => outcome === "delete" && holdingOf(type) !== undefined);
  const isMuch = made.length * gone.length > MOST_COMPARISONS;
  const byName = new Map(made.map((urn) => [`${typeOf(urn)} ${nameOf(urn)}`, urn]));
  const pairs = gone.flatMap(({ urn }): readonly (readonly [string, string])[] => {
    const heir = isMuch ? byName.get(`${typeOf(urn)} ${nameOf(urn)}`) : heirOf(urn, made);
    return heir === undefined ? [] : [[urn, heir]];
  });
  return new Map(pairs);
}

function flat({ change, drags }: ChangeTree): readonly ChangeTree["change"][] {
  return [change, ...drags.flatMap(flat)];
}

function sorted(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort((left, right) => rankOf(left) - rankOf(right));
}

function branchOf({ change, drags }: ChangeTree): Branch {
  const { urn, outcome, type } = change;
  const cause = redactedSentence(causeOf(change).trim());
  return { urn, outcome, noun: noun(type), name: nameOf(urn), cause, drags: drags.map(branchOf) };
}
