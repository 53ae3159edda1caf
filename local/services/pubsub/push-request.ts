import type { Lease } from "./message-store.ts";
import type { Subscription } from "./subscription-settings.ts";

/** The statuses by which an endpoint acknowledges. @see https://cloud.google.com/pubsub/docs/push#receive_push */
export const ACKNOWLEDGING: ReadonlySet<number> = new Set([102, 200, 201, 202, 204]);

/** The wrapped body. @see https://cloud.google.com/pubsub/docs/push#receive_push */
export function pushBody(lease: Lease, subscription: Subscription): Buffer {
  const publishTime = new Date(lease.publishedAt).toISOString();
  const message = {
    attributes: lease.attributes,
    data: lease.data.toString("base64"),
    messageId: lease.messageId,
    message_id: lease.messageId,
    publishTime,
    publish_time: publishTime,
  };
  // Google counts attempts in the body only for who has a use for them.
  const deliveryAttempt = subscription.deadLetterPolicy && { deliveryAttempt: lease.attempt };
  return Buffer.from(JSON.stringify({ message, subscription: subscription.id, ...deliveryAttempt }));
}

export function pushHeaders(body: Buffer, token: string | undefined): Record<string, string> {
  return {
    Accept: "application/json",
    "Content-Length": String(body.length),
    "Content-Type": "application/json",
    From: "noreply@google.com",
    "User-Agent": "CloudPubSub-Google",
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
  };
}
