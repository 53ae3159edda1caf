import { type ResourceState, UNKNOWN } from "../preview/stack-preview.ts";
import { nameOf } from "../preview/urn.ts";
import type { Finding, Rule } from "./finding.ts";
import { valueAt } from "./property-paths.ts";
import type { ResourceChange } from "./stack-changes.ts";
import { capitalised, listed, shown, subject } from "./wording.ts";

const SUBSCRIPTION = /:pubsub\/subscription:Subscription$/;
const TOPIC = /:pubsub\/topic:Topic$/;
const TARGET = "deadLetterPolicy.deadLetterTopic";
const ATTEMPTS = "deadLetterPolicy.maxDeliveryAttempts";

/** Messages that nobody can process, and where they go. */
export const deadLetters: Rule = (change, { deadLetterSources: sourcesOf }) => {
  const { urn, type, outcome, before, after } = change;
  if (SUBSCRIPTION.test(type) && before !== undefined && after !== undefined) {
    return changedPolicy(urn, before, after);
  }
  if (!TOPIC.test(type) || (outcome !== "delete" && outcome !== "replace")) return [];
  const called = before && topicKey(`/topics/${before.inputs.name ?? nameOf(urn)}`);
  const sources = [...new Set([urn, called ?? ""].flatMap((topic) => sourcesOf.get(topic) ?? []))];
  if (sources.length === 0) return [];
  const names = listed(sources.map(subject));
  const sentence = `${capitalised(subject(urn))}, to which ${names} sends what cannot be processed, would be ${outcome === "delete" ? "deleted" : "replaced"}.`;
  return [{ urn, kind: "dead-letter", sentence } satisfies Finding];
};

function changedPolicy(urn: string, before: ResourceState, after: ResourceState): readonly Finding[] {
  const who = capitalised(subject(urn));
  if (before.inputs.deadLetterPolicy === undefined) return [];
  if (after.inputs.deadLetterPolicy === undefined) {
    const sentence = `${who} would no longer have dead letters: a message that cannot be processed comes back until it expires.`;
    return [{ urn, kind: "dead-letter", sentence }];
  }
  const told: string[] = [];
  if (isSentElsewhere(before, after)) {
    const [from, to] = [before, after].map(nameOfTarget);
    told.push(`send what cannot be processed to ${to} instead of ${from}`);
  }
  const [old, next] = [before, after].map(({ inputs }) => valueAt(inputs, ATTEMPTS));
  if (old !== next)
    told.push(`give a message up after ${shown(next, [])} attempts instead of ${shown(old, [])}`);
  return told.map((what) => ({ urn, kind: "dead-letter", sentence: `${who} would ${what}.` }));
}

/** A topic that is made anew has a name that is not known yet. */
function isSentElsewhere(before: ResourceState, after: ResourceState): boolean {
  const [old, next] = [before, after].map(({ inputs }) => valueAt(inputs, TARGET));
  if (old === next) return false;
  const [from, to] = [before, after].map(({ propertyDependencies }) => propertyDependencies.deadLetterPolicy);
  return !String(next).includes(UNKNOWN) || to === undefined || from?.join() !== to.join();
}

function nameOfTarget({ inputs, propertyDependencies }: ResourceState): string {
  const text = valueAt(inputs, TARGET);
  const [made] = propertyDependencies.deadLetterPolicy ?? [];
  return made !== undefined && String(text).includes(UNKNOWN) ? subject(made) : `"${shown(text, [])}"`;
}

/** URNs of subscriptions that change, by the topic to which they send what cannot be processed: its URN, and its name. */
export function deadLetterSources(
  changes: readonly ResourceChange[],
): ReadonlyMap<string, readonly string[]> {
  const sources = new Map<string, string[]>();
  for (const { urn, type, before } of changes) {
    if (!SUBSCRIPTION.test(type) || before === undefined) continue;
    const target = valueAt(before.inputs, TARGET);
    const named = typeof target === "string" ? topicKey(target) : undefined;
    for (const topic of [
      ...(before.propertyDependencies.deadLetterPolicy ?? []),
      ...(named ? [named] : []),
    ]) {
      const others = sources.get(topic);
      if (others === undefined) sources.set(topic, [urn]);
      else others.push(urn);
    }
  }
  return sources;
}

/** `/topics/NAME`, of whatever project. */
function topicKey(path: string): string | undefined {
  const at = path.lastIndexOf("/topics/");
  return at === -1 ? undefined : path.slice(at);
}
