import type { Subscription } from "./subscription-settings.ts";

/** A subscription as `google.pubsub.v1.Subscription`. */
export function describeSubscription(subscription: Subscription) {
  const { push, retryPolicy, deadLetterPolicy } = subscription;
  return {
    name: subscription.id,
    topic: subscription.topic,
    ackDeadlineSeconds: subscription.ackDeadlineSeconds,
    messageRetentionDuration: toDuration(subscription.retentionMs),
    labels: subscription.labels,
    state: "ACTIVE",
    ...(push && {
      pushConfig: {
        pushEndpoint: push.endpoint,
        attributes: push.attributes,
        ...(push.identity && {
          oidcToken: { serviceAccountEmail: push.identity.email, audience: push.identity.audience },
        }),
      },
    }),
    ...(retryPolicy && {
      retryPolicy: {
        minimumBackoff: toDuration(retryPolicy.minimumBackoffMs),
        maximumBackoff: toDuration(retryPolicy.maximumBackoffMs),
      },
    }),
    ...(deadLetterPolicy && {
      deadLetterPolicy: {
        deadLetterTopic: deadLetterPolicy.topic,
        maxDeliveryAttempts: deadLetterPolicy.maxDeliveryAttempts,
      },
    }),
  };
}

/** `google.protobuf.Timestamp` of milliseconds since the epoch. */
export function toTimestamp(ms: number): { seconds: number; nanos: number } {
  return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 };
}

function toDuration(ms: number): { seconds: number; nanos: number } {
  return toTimestamp(ms);
}
