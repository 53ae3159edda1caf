import { objectOf, textOf } from "../../local/kernel/property-values.ts";
import type { GraphIndex } from "../graph/graph-index.ts";
import type { ResourceState } from "../preview/stack-preview.ts";
import { breach, type Policy, type Violation } from "./policy.ts";

const SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";
const TOPIC = "gcp:pubsub/topic:Topic";

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
      const buried = new Set(
        subscriptions
          .flatMap((each) => graph.sourcesOf(each, "deadLetterPolicy", TOPIC))
          .map(({ urn }) => urn),
      );
      const keeps = (each: ResourceState) =>
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
  const token = objectOf(objectOf(resource.inputs[input]).oidcToken);
  return ["serviceAccountEmail", "audience"]
    .filter((name) => textOf(token[name]) === undefined)
    .map((name) => breach(resource, `${input}.oidcToken.${name}`, "must be set", token[name]));
}

function deadLetterBreaches(graph: GraphIndex, subscription: ResourceState): readonly Violation[] {
  const [topic] = graph.sourcesOf(subscription, "deadLetterPolicy", TOPIC);
  if (topic === undefined) {
    return [
      breach(subscription, "deadLetterPolicy.deadLetterTopic", "must be a topic of this stack", undefined),
    ];
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
    [
      "an alert on the oldest of them",
      kept.some(
        (each) => graph.referringTo(each, "gcp:monitoring/alertPolicy:AlertPolicy", "conditions").length > 0,
      ),
    ],
  ];
  return lacks
    .filter(([, there]) => !there)
    .map(([what]) => breach(subscription, "its dead letters", `must have ${what}`, undefined));
}

/** To Google's own account, which is made for the project. */
function hasGrant(graph: GraphIndex, on: ResourceState, type: string, input: string, role: string): boolean {
  return graph
    .referringTo(on, type, input)
    .some(
      (grant) =>
        grant.inputs.role === role &&
        (graph.sourcesOf(grant, "member", "gcp:projects/serviceIdentity:ServiceIdentity").length > 0 ||
          /@gcp-sa-pubsub\.iam\.gserviceaccount\.com$/.test(textOf(grant.inputs.member) ?? "")),
    );
}
