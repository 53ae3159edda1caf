import type { Iam, Logging } from "../../kernel/contract.ts";
import { traceOf } from "../../kernel/trace-context.ts";
import { backoffMs, PUSH_BACKOFF } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { deadLetterObstacle, toDeadLetter } from "./dead-letters.ts";
import type { Directory } from "./directory.ts";
import type { NewMessage } from "./message-limits.ts";
import type { Lease, LeaseRef, MessageStore } from "./message-store.ts";
import type { Subscription } from "./subscription-settings.ts";

export interface DeliveriesOptions {
  readonly store: MessageStore;
  readonly directory: Directory;
  readonly iam: Iam;
  readonly logging: Logging;
  readonly clock: Clock;
  /** 0 to 1, as `Math.random`. */
  readonly random: () => number;
  /** Called with a subscription that may have something due, now or soon; inside the transaction. */
  readonly onDue: (subscription: string) => void;
  /** Called when a message of a subscription is no longer out; inside the transaction. */
  readonly onSettled: (subscription: string, messageId: string) => void;
}

/** What becomes of messages: whom they go to, and where they go when a delivery fails. */
export class Deliveries {
  readonly #options: DeliveriesOptions;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  /** Stores messages for everyone who is subscribed now. Returns their ids. */
  publish(topic: string, messages: readonly NewMessage[]): string[] {
    const { store, directory, clock, onDue } = this.#options;
    const subscriptions = directory.subscriptionsTo(topic);
    const now = clock.now();
    const ids = messages.map((message) => store.publish(topic, message, subscriptions, now));
    for (const subscription of subscriptions) onDue(subscription.id);
    return ids;
  }

  acknowledge(subscription: string, messageId: string): void {
    this.#options.store.remove(subscription, messageId);
    this.#options.onSettled(subscription, messageId);
  }

  /**
   * A delivery failed: back off, or to the dead letters after the last attempt. Nothing happens
   * when the lease no longer holds. Google too counts an expired deadline as a failure.
   */
  fail(ref: LeaseRef): void {
    const { store, directory, clock, random, onDue, onSettled } = this.#options;
    const lease = store.held(ref);
    if (!lease) return;
    onSettled(ref.subscription, ref.messageId);
    const subscription = directory.subscription(ref.subscription);
    if (!subscription) {
      store.release(lease, clock.now());
      return;
    }
    if (this.#deadLetter(lease, subscription)) return;
    // Without a policy Google redelivers pulled messages at once, and slows pushes down.
    const policy = subscription.retryPolicy ?? (subscription.push && PUSH_BACKOFF);
    const delayMs = policy ? backoffMs(policy, lease.attempt, random()) : 0;
    store.release(lease, clock.now() + delayMs);
    onDue(subscription.id);
  }

  /** Publishing there and removing here are one transaction. */
  #deadLetter(lease: Lease, subscription: Subscription): boolean {
    const { store, directory, iam, logging } = this.#options;
    const policy = subscription.deadLetterPolicy;
    if (!policy || lease.attempt < policy.maxDeliveryAttempts) return false;
    const about = {
      source: "pubsub",
      subscription: subscription.id,
      messageId: lease.messageId,
      attempt: lease.attempt,
      ...traceOf(lease.attributes),
    };
    const obstacle = deadLetterObstacle(subscription, policy, iam, directory);
    if (obstacle) {
      const message = `Message ${lease.messageId} of ${subscription.id} is not dead-lettered: ${obstacle}. It stays, and is retried.`;
      logging.write({ ...about, severity: "ERROR", message });
      return false;
    }
    const [deadLetterId] = this.publish(policy.topic, [toDeadLetter(lease, subscription)]);
    store.remove(subscription.id, lease.messageId);
    const lost = directory.subscriptionsTo(policy.topic).length === 0;
    logging.write({
      ...about,
      severity: lost ? "ERROR" : "WARNING",
      message: lost
        ? `Message ${lease.messageId} of ${subscription.id} is lost: the dead-letter topic ${policy.topic} has no subscription.`
        : `Message ${lease.messageId} of ${subscription.id} went to ${policy.topic} after ${lease.attempt} attempts.`,
      deadLetterId,
    });
    return true;
  }
}
