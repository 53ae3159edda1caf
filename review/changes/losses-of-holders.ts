import { WHAT } from "../losses.ts";
import type { ResourceState } from "../preview/stack-preview.ts";
import { nameOf } from "../preview/urn.ts";
import { effectOfLoss } from "./effects-of-loss.ts";
import type { Finding, Rule } from "./finding.ts";
import type { ResourceChange } from "./stack-changes.ts";
import { capitalised, listed, shownAt, subject } from "./wording.ts";

const SUBSCRIPTION = /:pubsub\/subscription:Subscription$/;

/** What holds data, an address or trust, or others need, and would be deleted or made anew. */
export const lossOfHolders: Rule = (change, context) => {
  const { urn, type, outcome } = change;
  if (outcome !== "delete" && outcome !== "replace") return [];
  const holding = context.holdingOf(type);
  const isSubscription = SUBSCRIPTION.test(type);
  const effect = effectOfLoss(change);
  if (holding === undefined && !isSubscription && effect === undefined) return [];
  const heir = alias(urn, outcome === "delete" ? context.heirOf(urn) : undefined, context.byUrn);
  if (isLetGo(change)) return [letGo(change, heir)];
  if (isSubscription) return [lostBacklog(change)];
  const becomes = outcome === "replace" ? `replaced${causeOf(change)}` : "deleted";
  const kind = outcome === "replace" ? "replacement" : "deletion";
  const who = `${capitalised(subject(urn))} would be ${becomes}`;
  if (holding !== undefined) {
    return [{ urn, kind, sentence: `${who}: it holds ${WHAT[holding]}.${heir}` }];
  }
  if (effect === undefined) return [];
  const until = outcome === "replace" ? "until another is in its place, " : "";
  return [
    { urn, kind: effect.kind === "loss" ? kind : effect.kind, sentence: `${who}: ${until}${effect.effect}.` },
  ];
};

/** Whether the service keeps it, though the program has it no more. */
function isLetGo({ before }: ResourceChange): boolean {
  return before !== undefined && (before.retainOnDelete || before.inputs.deletionPolicy === "ABANDON");
}

function letGo(change: ResourceChange, heir: string): Finding {
  const { urn, outcome } = change;
  const who = capitalised(subject(urn));
  const sentence =
    outcome === "replace"
      ? `${who} would be replaced${causeOf(change)}: the former one stays at its service with what it holds, and nothing here looks after it any more.`
      : `${who} would be let go of: it stays at its service with what it holds, and nothing here looks after it any more.${heir}`;
  return { urn, kind: outcome === "replace" ? "replacement" : "protection", sentence };
}

function lostBacklog(change: ResourceChange): Finding {
  const becomes = change.outcome === "replace" ? `replaced${causeOf(change)}` : "deleted";
  const sentence = `${capitalised(subject(change.urn))} would be ${becomes}: what it has not delivered by then is lost.`;
  return { urn: change.urn, kind: "backlog", sentence };
}

/** ` because of location (EU → US)` */
export function causeOf({ forcedBy, before, after }: ResourceChange): string {
  if (forcedBy.length === 0) return "";
  const told = forcedBy.map((path) => {
    const [old, next] = [before, after].map((state) => shownAt(state?.inputs, path));
    return old === next ? path : `${path} (${old} → ${next})`;
  });
  return ` because of ${listed(told)}`;
}

function alias(urn: string, heir: string | undefined, byUrn: ReadonlyMap<string, ResourceChange>): string {
  if (heir === undefined) return "";
  const place = placeOf(byUrn.get(heir)?.after);
  const at = place === undefined ? "" : ` at ${place}`;
  // Where the name alone is another, it says all, and is the same in every stack.
  const isRenamed = urn.slice(0, -nameOf(urn).length) === heir.slice(0, -nameOf(heir).length);
  const former = isRenamed ? `{ name: "${nameOf(urn)}" }` : `"${urn}"`;
  return ` If "${nameOf(heir)}"${at} is the same one, moved or renamed, give that aliases: [${former}].`;
}

/** `FILE:LINE`, by the folders that a program is in. */
export function placeOf(state: ResourceState | undefined): string | undefined {
  for (const position of state?.positions ?? []) {
    const [, file, line] = /file:\/*(\/.+)#(\d+),\d+$/.exec(position) ?? [];
    const [, inside] = /\/((?:components|stacks|runtime)\/.+)$/.exec(file ?? "") ?? [];
    if (inside !== undefined && !inside.includes("node_modules/")) return `${inside}:${line}`;
  }
  return undefined;
}
