import type { ResourceState } from "../preview/stack-preview.ts";
import { nameOf } from "../preview/urn.ts";
import type { Finding, Rule } from "./finding.ts";
import { valueAt } from "./property-paths.ts";
import { capitalised, shown, subject } from "./wording.ts";

const SUBSCRIPTION = /:pubsub\/subscription:Subscription$/;
const TOPIC = /:pubsub\/topic:Topic$/;
const ATTEMPTS = "deadLetterPolicy.maxDeliveryAttempts";

/** Messages that nobody can process, and where they go. */
export const deadLetters: Rule = (change, { changes }) => {
  const { urn, type, outcome, before, after } = change;
  if (SUBSCRIPTION.test(type) && before !== undefined && after !== undefined) {
    return changedPolicy(urn, before, after);
  }
  if (!TOPIC.test(type) || (outcome !== "delete" && outcome !== "replace")) return [];
  const sources = changes.filter(
    (other) => other.before !== undefined && sendsTo(other.before, change.before),
  );
  const [source] = sources;
  if (source === undefined) return [];
  const names = sources.map((other) => subject(other.urn)).join(" and ");
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
  const [old, next] = [before, after].map(({ inputs }) => valueAt(inputs, ATTEMPTS));
  if (old === next) return [];
  const sentence = `${who} would give a message up after ${shown(next, [])} attempts instead of ${shown(old, [])}.`;
  return [{ urn, kind: "dead-letter", sentence }];
}

function sendsTo(subscription: ResourceState, topic: ResourceState | undefined): boolean {
  if (topic === undefined || !SUBSCRIPTION.test(subscription.type)) return false;
  if (subscription.propertyDependencies.deadLetterPolicy?.includes(topic.urn)) return true;
  const target = valueAt(subscription.inputs, "deadLetterPolicy.deadLetterTopic");
  return typeof target === "string" && target.endsWith(`/topics/${topic.inputs.name ?? nameOf(topic.urn)}`);
}
