import { status } from "@grpc/grpc-js";
import type { Clock } from "./clock.ts";
import type { Server } from "./deliveries.ts";
import type { Directory } from "./directory.ts";
import type { LeaseTerms } from "./lease-terms.ts";
import type { Lease, MessageStore } from "./message-store.ts";
import { RpcError } from "./rpc-error.ts";
import type { Subscription } from "./subscription-settings.ts";
import type { Timetable } from "./timetable.ts";

/** Calls that wait and streams, on one subscription. */
const MOST_PULLERS = 1_000;
/** Handed out before others have a turn of the event loop. */
const MESSAGES_A_TURN = 500;
const RETRY_MS = 5_000;

/** Someone who takes messages of a pull subscription as they fall due. */
export interface Puller {
  /** How much it takes at once, now. Without `messages` it takes none, and wakes its queue when it does again. */
  readonly room: { readonly messages: number; readonly bytes: number };
  /** Until its messages come back. Absent: as the subscription says. */
  readonly ackDeadlineSeconds: number | undefined;
  /** At least one. */
  give(leases: readonly Lease[], subscription: Subscription): void;
  /** A message of the subscription is no longer out, wherever it was. */
  settled(messageId: string): void;
  /** It gets nothing more, and why. It need not leave. */
  dismiss(reason: RpcError): void;
}

export interface PullQueuesOptions {
  readonly store: MessageStore;
  readonly directory: Directory;
  readonly terms: LeaseTerms;
  readonly timetable: Timetable;
  readonly clock: Clock;
}

/** Hands due messages to whoever pulls, in turn. */
export class PullQueues implements Server {
  readonly #options: PullQueuesOptions;
  /** In the order in which they are served next. */
  readonly #pullers = new Map<string, Set<Puller>>();
  #closed = false;

  constructor(options: PullQueuesOptions) {
    this.#options = options;
  }

  /**
   * Serves the puller until the returned function is called.
   *
   * @throws {RpcError} RESOURCE_EXHAUSTED when 1,000 pull already, UNAVAILABLE after `close`.
   */
  join(subscription: string, puller: Puller): () => void {
    this.#checkOpen();
    const pullers = this.#pullers.get(subscription) ?? new Set();
    if (pullers.size >= MOST_PULLERS) {
      throw new RpcError(status.RESOURCE_EXHAUSTED, `${MOST_PULLERS} pull ${subscription} already.`);
    }
    this.#pullers.set(subscription, pullers.add(puller));
    this.wake(subscription);
    return () => {
      pullers.delete(puller);
      if (pullers.size === 0 && this.#pullers.get(subscription) === pullers)
        this.#pullers.delete(subscription);
    };
  }

  /** What is due at once. @throws {RpcError} UNAVAILABLE after `close`. */
  take(id: string, messages: number, bytes: number): readonly Lease[] {
    this.#checkOpen();
    const subscription = this.#options.directory.subscription(id);
    return subscription ? this.#options.terms.lease(subscription, messages, bytes) : [];
  }

  /** Looks for due messages, in a turn of its own, if anyone waits for them. */
  wake(subscription: string): void {
    if (this.#pullers.has(subscription)) this.#serveAt(subscription, this.#options.clock.now());
  }

  settled(subscription: string, messageId: string): void {
    for (const puller of this.#pullers.get(subscription) ?? []) puller.settled(messageId);
  }

  /** Sends away all who pull a subscription. */
  dismiss(subscription: string, reason: RpcError): void {
    const pullers = this.#pullers.get(subscription) ?? [];
    this.#pullers.delete(subscription);
    this.#options.timetable.clear(keyOf(subscription));
    for (const puller of [...pullers]) puller.dismiss(reason);
  }

  /** Dismisses everyone, and refuses whoever comes later. */
  close(): void {
    this.#closed = true;
    for (const id of [...this.#pullers.keys()]) this.dismiss(id, stopping());
  }

  #serve(id: string): void {
    const { directory, timetable, clock } = this.#options;
    const subscription = directory.subscription(id);
    const pullers = this.#pullers.get(id);
    if (!pullers || !subscription || subscription.push) return;
    // If the database fails, this is when to try again.
    this.#serveAt(id, clock.now() + RETRY_MS);
    const next = this.#handOut(subscription, pullers);
    timetable.clear(keyOf(id));
    if (next !== undefined) this.#serveAt(id, next);
  }

  /** Returns when to look again, unless it is up to the pullers. */
  #handOut(subscription: Subscription, pullers: Set<Puller>): number | undefined {
    const { store, terms, clock } = this.#options;
    for (let given = 0; given < MESSAGES_A_TURN; ) {
      const puller = [...pullers].find(({ room }) => room.messages > 0);
      if (!puller) return undefined;
      const { messages, bytes } = puller.room;
      const leases = terms.lease(subscription, messages, bytes, puller.ackDeadlineSeconds);
      if (leases.length === 0) return store.nextDue(subscription.id);
      given += leases.length;
      // Last in the queue from now on.
      pullers.delete(puller);
      pullers.add(puller);
      puller.give(leases, subscription);
    }
    return clock.now();
  }

  #serveAt(id: string, at: number): void {
    this.#options.timetable.setEarlier(keyOf(id), at, () => this.#serve(id));
  }

  #checkOpen(): void {
    if (this.#closed) throw stopping();
  }
}

function keyOf(subscription: string): string {
  return `pull ${subscription}`;
}

function stopping(): RpcError {
  return new RpcError(status.UNAVAILABLE, "Pub/Sub is stopping.");
}
