import { ackIdOf } from "./ack-id.ts";
import type { Lease } from "./message-store.ts";
import { toTimestamp } from "./subscription-message.ts";
import type { Subscription } from "./subscription-settings.ts";

/** `google.pubsub.v1.ReceivedMessage`. */
export interface ReceivedMessage {
  readonly ackId: string;
  readonly message: {
    readonly data: Buffer;
    readonly attributes: Readonly<Record<string, string>>;
    readonly messageId: string;
    readonly publishTime: { readonly seconds: number; readonly nanos: number };
  };
  readonly deliveryAttempt: number;
}

export function toReceived(lease: Lease, subscription: Subscription): ReceivedMessage {
  return {
    ackId: ackIdOf(lease),
    message: {
      data: lease.data,
      attributes: lease.attributes,
      messageId: lease.messageId,
      publishTime: toTimestamp(lease.publishedAt),
    },
    // Google counts only for who has a use for it.
    deliveryAttempt: subscription.deadLetterPolicy ? lease.attempt : 0,
  };
}
