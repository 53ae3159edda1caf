import type { Iam, Logging } from "../../kernel/contract.ts";
import { traceOf } from "../../kernel/trace-context.ts";
import { backoffMs, PUSH_BACKOFF } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { deadLetterObstacle, toDeadLetter } from "./dead-letters.ts";
import type { Directory } from "./directory.ts";
import type { NewMessage } from "./message-limits.ts";
import type { Lease, LeaseRef, MessageStore } from "./message-store.ts";
import type { Subscription } from "./subscription-settings.ts";
import type { Timetable } from "./timetable.ts";

/** Between two batches, so that sweeping a large backlog leaves time for others. */
const SWEEP_PAUSE_MS = 1_000;

/** Who hands messages of a subscription on. Told inside the transaction, so it acts in a turn of its own. */
export interface Server {
  /** Something of the subscription may be due, now or soon. */
  wake(subscription: string): void;
  /** A message of the subscription is no longer out. */
  settled?(subscription: string, messageId: string): void;
}

export interface DeliveriesOptions {
  readonly store: MessageStore;
  readonly directory: Directory;
  readonly timetable: Timetable;
  readonly iam: Iam;
  readonly logging: Logging;
  readonly clock: Clock;
  /** 0 to 1, as `Math.random`. */
  readonly random: () => number;
}

/** What becomes of messages: whom they go to, where they go when a delivery fails, and how long they are kept. */
export class Deliveries {
  readonly #options: DeliveriesOptions;
  /** By subscription. */
  readonly #servers = new Map<string, Server>();

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  /** Lets `server` have the subscription's messages from now on; there is one server at a time. */
  serveBy(subscription: string, server: Server): void {
    this.#servers.set(subscription, server);
    server.wake(subscription);
  }

  /** The subscription is gone. Google says nothing of what goes with it. */
  forget(subscription: string): void {
    this.#servers.delete(subscription);
    const lost = this.#options.store.drop(subscription);
    if (lost === 0) return;
    this.#options.logging.write({
      source: "pubsub",
      severity: "WARNING",
      message: `Subscription ${subscription} is gone, and with it ${lost} messages that nobody else is owed.`,
      subscription,
      lost,
    });
  }

  /** Stores messages for everyone who is subscribed now. Returns their ids. */
  publish(topic: string, messages: readonly NewMessage[]): string[] {
    const { store, directory, clock } = this.#options;
    const subscriptions = directory.subscriptionsTo(topic);
    const now = clock.now();
    const ids = messages.map((message) => store.publish(topic, message, subscriptions, now));
    for (const { id, retentionMs } of subscriptions) {
      this.expectRetentionEnd(now + retentionMs);
      this.#servers.get(id)?.wake(id);
    }
    return ids;
  }

  acknowledge(subscription: string, messageId: string): void {
    this.#options.store.remove(subscription, messageId);
    this.#settle(subscription, messageId);
  }

  /**
   * A delivery failed: back off, or to the dead letters after the last attempt. Nothing happens
   * when the lease no longer holds. Google too counts an expired deadline as a failure.
   */
  fail(ref: LeaseRef): void {
    const { store, directory, clock, random } = this.#options;
    const lease = store.held(ref);
    if (!lease) return;
    this.#settle(ref.subscription, ref.messageId);
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
    this.#servers.get(subscription.id)?.wake(subscription.id);
  }

  /** After something was stored that expires at `at`, or to find out what expires next. */
  expectRetentionEnd(at = this.#options.store.nextRetentionEnd()): void {
    if (at === undefined) return;
    const { timetable, clock } = this.#options;
    timetable.setEarlier("retention", Math.max(at, clock.now() + SWEEP_PAUSE_MS), () => this.#sweep());
  }

  /** Drops messages that were kept for as long as their subscription keeps them. */
  #sweep(): void {
    const { store, timetable, clock } = this.#options;
    // Before the work, so that a failing database is tried again.
    this.expectRetentionEnd(clock.now());
    const dropped = store.sweep(clock.now());
    for (const { subscription, messageId } of dropped) this.#settle(subscription, messageId);
    timetable.clear("retention");
    this.expectRetentionEnd();
  }

  #settle(subscription: string, messageId: string): void {
    this.#servers.get(subscription)?.settled?.(subscription, messageId);
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
