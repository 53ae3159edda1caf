import { objectOf, textOf } from "../../local/kernel/property-values.ts";
import type { GraphIndex } from "../graph/graph-index.ts";
import type { ResourceState } from "../preview/stack-preview.ts";
import { nameOf } from "../preview/urn.ts";
import { breach, isUnknown, type Policy, type Violation, valueIn } from "./policy.ts";

const SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";
const TOPIC = "gcp:pubsub/topic:Topic";
const AGENT = "gcp:projects/serviceIdentity:ServiceIdentity";

/** What goes from one to another. */
export const MESSAGES: readonly Policy[] = [
  {
    id: "dead-letters-kept-and-told",
    severity: "mandatory",
    reason:
      "A message that fails for good would block others for a week, and then be gone, and nobody would know.",
    wayOut: "Make it a Stage, which has all of it.",
    source: "Property 5: dead-letter topic, subscription, grants and alert",
    judge(graph) {
      const subscriptions = graph.ofTypes(SUBSCRIPTION);
      const buried = new Set(subscriptions.flatMap((each) => graveOf(graph, each)?.urn ?? []));
      // What only keeps dead letters has none.
      const keeps = (each: ResourceState) =>
        each.inputs.deadLetterPolicy === undefined &&
        graph.sourcesOf(each, "topic", TOPIC).some(({ urn }) => buried.has(urn));
      return subscriptions.filter((each) => !keeps(each)).flatMap((each) => deadLetterBreaches(graph, each));
    },
  },
  {
    id: "push-with-a-token",
    severity: "mandatory",
    reason: "Whoever receives it could not tell it from a forged one.",
    wayOut: "Set oidcToken, with an account of its own and the audience that the receiver expects.",
    source: "Property 8: every endpoint rejects who is not meant",
    judge: (graph) => [
      ...graph
        .ofTypes(SUBSCRIPTION)
        .filter(({ inputs }) => inputs.pushConfig !== undefined)
        .flatMap((each) => tokenBreaches(each, "pushConfig")),
      ...graph
        .ofTypes("gcp:cloudscheduler/job:Job")
        .filter(
          ({ inputs }) =>
            inputs.httpTarget !== undefined && objectOf(inputs.httpTarget).oauthToken === undefined,
        )
        .flatMap((each) => tokenBreaches(each, "httpTarget")),
    ],
  },
];

function tokenBreaches(resource: ResourceState, input: string): readonly Violation[] {
  const token = valueIn(resource.inputs, input, "oidcToken");
  return ["serviceAccountEmail", "audience"]
    .filter((name) => textOf(valueIn(token, name)) === undefined)
    .map((name) => breach(resource, `${input}.oidcToken.${name}`, "must be set", valueIn(token, name)));
}

/** The topic that a subscription's dead letters go to, if it is another than its own. */
function graveOf(graph: GraphIndex, subscription: ResourceState): ResourceState | undefined {
  const own = graph.sourcesOf(subscription, "topic", TOPIC);
  return graph.sourcesOf(subscription, "deadLetterPolicy", TOPIC).find((topic) => !own.includes(topic));
}

/** Whether dead letters come back to a subscription, by however many topics: they would go round for good. */
function comesBack(graph: GraphIndex, subscription: ResourceState): boolean {
  const seen = new Set<ResourceState>();
  const ahead = [subscription];
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    const grave = graveOf(graph, next);
    const fed = grave === undefined ? [] : graph.referringTo(grave, SUBSCRIPTION, "topic");
    if (fed.includes(subscription)) return true;
    ahead.push(...fed.filter((each) => !seen.has(each)));
    for (const each of fed) seen.add(each);
  }
  return false;
}

function deadLetterBreaches(graph: GraphIndex, subscription: ResourceState): readonly Violation[] {
  const topic = graveOf(graph, subscription);
  const input = "deadLetterPolicy.deadLetterTopic";
  if (topic === undefined) {
    const named = valueIn(subscription.inputs, "deadLetterPolicy", "deadLetterTopic");
    const [own] = graph.sourcesOf(subscription, "deadLetterPolicy", TOPIC);
    const shown = own ? `its own topic, ${nameOf(own.urn)}` : named;
    return [breach(subscription, input, "must be another topic of this stack", shown)];
  }
  if (comesBack(graph, subscription)) {
    return [breach(subscription, input, "must not lead back to it", nameOf(topic.urn))];
  }
  const kept = graph.referringTo(topic, SUBSCRIPTION, "topic");
  const lacks: readonly (readonly [what: string, there: boolean])[] = [
    ["a subscription that keeps them", kept.length > 0],
    [
      "a grant by which Pub/Sub's account publishes them",
      hasGrant(graph, topic, "gcp:pubsub/topicIAMMember:TopicIAMMember", "topic", "roles/pubsub.publisher"),
    ],
    [
      "a grant by which Pub/Sub's account takes them out",
      hasGrant(
        graph,
        subscription,
        "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember",
        "subscription",
        "roles/pubsub.subscriber",
      ),
    ],
    ["an alert on the oldest of them", kept.some((each) => isWatched(graph, each))],
  ];
  return lacks
    .filter(([, there]) => !there)
    .map(([what]) => breach(subscription, "its dead letters", `must have ${what}`, undefined, what));
}

/** By an alert that is on, and asks how long its messages have lain there. */
function isWatched(graph: GraphIndex, subscription: ResourceState): boolean {
  return graph
    .referringTo(subscription, "gcp:monitoring/alertPolicy:AlertPolicy", "conditions")
    .some(({ inputs: { enabled, conditions } }) => {
      const asked = JSON.stringify(conditions ?? "");
      return enabled !== false && (isUnknown(asked) || asked.includes("unacked_message_age"));
    });
}

/** To Google's own account, which is made for the project. */
function hasGrant(graph: GraphIndex, on: ResourceState, type: string, input: string, role: string): boolean {
  return graph.referringTo(on, type, input).some(
    (grant) =>
      (grant.inputs.role === role || isUnknown(grant.inputs.role)) &&
      (graph.sourcesOf(grant, "member", AGENT).length > 0 ||
        // Of what another program made, nobody knows here.
        (isUnknown(grant.inputs.member) && graph.sourcesOf(grant, "member").length === 0) ||
        /@gcp-sa-pubsub\.iam\.gserviceaccount\.com$/.test(textOf(grant.inputs.member) ?? "")),
  );
}
