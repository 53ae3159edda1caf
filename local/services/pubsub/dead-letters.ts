import type { Iam } from "../../kernel/contract.ts";
import type { Directory } from "./directory.ts";
import type { NewMessage } from "./message-limits.ts";
import type { Lease } from "./message-store.ts";
import { serviceAgent } from "./service-agent.ts";
import type { DeadLetterPolicy, Subscription } from "./subscription-settings.ts";

/**
 * Why a message can't be dead-lettered, or `undefined` when it can: Pub/Sub's own service agent
 * must be allowed to publish to the dead-letter topic and to consume the subscription.
 *
 * @see https://cloud.google.com/pubsub/docs/handling-failures#grant_forwarding_permissions
 */
export function deadLetterObstacle(
  subscription: Subscription,
  policy: DeadLetterPolicy,
  iam: Iam,
  directory: Directory,
): string | undefined {
  const agent = serviceAgent(subscription.project);
  const needed = [
    ["pubsub.topics.publish", policy.topic],
    ["pubsub.subscriptions.consume", subscription.id],
  ] as const;
  for (const [permission, resource] of needed) {
    if (!iam.allows(agent, permission, resource)) {
      return `the service agent ${agent.email} does not have ${permission} on ${resource}`;
    }
  }
  return directory.hasTopic(policy.topic) ? undefined : `there is no topic ${policy.topic}`;
}

/** The message as it is published to the dead-letter topic, with where it comes from in its attributes. */
export function toDeadLetter(lease: Lease, subscription: Subscription): NewMessage {
  return {
    data: lease.data,
    attributes: {
      ...lease.attributes,
      CloudPubSubDeadLetterSourceDeliveryCount: String(lease.attempt),
      CloudPubSubDeadLetterSourceSubscription: subscription.id.split("/").at(-1) ?? "",
      CloudPubSubDeadLetterSourceSubscriptionProject: subscription.project,
      CloudPubSubDeadLetterSourceTopicPublishTime: new Date(lease.publishedAt).toISOString(),
    },
  };
}
