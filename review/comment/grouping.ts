import type { Finding } from "../changes/finding.ts";
import type { Branch, MustRead } from "../changes/must-read.ts";
import type { OtherChange, Review, ReviewedPolicy } from "../changes/review.ts";
import type { WorkloadChange } from "../changes/workloads.ts";

/** The same in several stacks, told once. */
export interface Grouped<Item> {
  readonly stacks: readonly string[];
  readonly item: Item;
}

export interface GroupedReview {
  readonly mustRead: readonly Grouped<MustRead>[];
  readonly workloads: readonly Grouped<WorkloadChange>[];
  readonly policies: readonly Grouped<ReviewedPolicy>[];
  readonly others: readonly Grouped<OtherChange>[];
}

/** Most of a change is the same in every stack, but for the stack's name. */
export function groupedReview({ mustRead, workloads, policies, others }: Review): GroupedReview {
  return {
    mustRead: grouped(mustRead, ({ kind, urn, sentence, more }) => [
      kind,
      urn,
      sentence,
      more.map(sentenceOf),
    ]),
    workloads: grouped(workloads, ({ urn, outcome, settings, code }) => [urn, outcome, settings, code]),
    policies: grouped(policies, ({ id, urn, sentence, isNew, exemption }) => [
      id,
      urn,
      sentence,
      isNew,
      exemption,
    ]),
    others: grouped(others, ({ urn, outcome, properties }) => [urn, outcome, properties]),
  };
}

function grouped<Item extends { readonly stack: string }>(
  items: readonly Item[],
  keyOf: (item: Item) => unknown,
): readonly Grouped<Item>[] {
  const groups = new Map<string, { stacks: string[]; item: Item }>();
  for (const item of items) {
    // A URN begins with its stack's name.
    const key = JSON.stringify(keyOf(item)).replaceAll(/urn:pulumi:[^:"]*::/g, "urn:pulumi:::");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { stacks: [item.stack], item });
    else if (!group.stacks.includes(item.stack)) group.stacks.push(item.stack);
  }
  return [...groups.values()];
}

function sentenceOf({ kind, sentence }: Finding): string {
  return `${kind} ${sentence}`;
}

/** More would hide what matters. */
const MOST_BRANCHES = 40;
const DONE = { create: "created", update: "updated", replace: "replaced", delete: "deleted" } as const;

/** A tree as lines of text. */
export function treeLines(tree: Branch): readonly string[] {
  const lines: string[] = [];
  const add = ({ noun, name, outcome, cause, drags }: Branch, lead: string, below: string): void => {
    lines.push(`${lead}${noun} ${name}: ${DONE[outcome]}${cause === "" ? "" : ` ${cause}`}`);
    drags.forEach((each, index) => {
      const isLast = index === drags.length - 1;
      add(each, `${below}${isLast ? "└─ " : "├─ "}`, `${below}${isLast ? "   " : "│  "}`);
    });
  };
  add(tree, "", "");
  const rest = lines.length - MOST_BRANCHES;
  return rest <= 0 ? lines : [...lines.slice(0, MOST_BRANCHES), `… and ${rest} more`];
}

/** `1 created, 3 deleted` */
export function draggedAlong(tree: Branch): string {
  const counts = new Map<string, number>();
  const count = ({ outcome, drags }: Branch): void => {
    counts.set(DONE[outcome], (counts.get(DONE[outcome]) ?? 0) + 1);
    drags.forEach(count);
  };
  tree.drags.forEach(count);
  return [...counts].map(([done, many]) => `${many} ${done}`).join(", ");
}
