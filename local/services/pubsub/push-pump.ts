import type { Logging } from "../../kernel/contract.ts";
import { traceOf } from "../../kernel/trace-context.ts";
import type { CommitQueue } from "./commit-queue.ts";
import type { Deliveries, Server } from "./deliveries.ts";
import type { Directory } from "./directory.ts";
import type { LeaseTerms } from "./lease-terms.ts";
import type { Lease, MessageStore } from "./message-store.ts";
import { type PushOptions, push } from "./push-request.ts";
import type { Subscription } from "./subscription-settings.ts";

/** Of message bodies in memory, for each subscription. One message may exceed what is left. */
const IN_FLIGHT_BYTES = 64 * 1024 * 1024;
const LOGGED_BODY_CHARACTERS = 500;
const RETRY_MS = 5_000;

/** How many pushes of a subscription may be under way. Never so few that one message which hangs holds up the rest. */
const SMALLEST_WINDOW = 4;
const LARGEST_WINDOW = 64;

export interface PushPumpOptions extends PushOptions {
  readonly store: MessageStore;
  readonly directory: Directory;
  readonly deliveries: Deliveries;
  readonly terms: LeaseTerms;
  readonly commits: CommitQueue;
  readonly logging: Logging;
}

/** Which delivery a log entry is about. */
interface About {
  readonly source: string;
  readonly subscription: string;
  readonly messageId: string;
}

/** Pushes one subscription's messages as they fall due, a bounded number at a time. */
export class PushPump implements Server {
  readonly #id: string;
  readonly #options: PushPumpOptions;
  /** Twice as large after each success, half as large after each failure. */
  #window = SMALLEST_WINDOW;
  readonly #inFlight = new Map<AbortController, Promise<void>>();
  readonly #ending = new AbortController();
  #bytes = 0;

  constructor(subscription: string, options: PushPumpOptions) {
    this.#id = subscription;
    this.#options = options;
  }

  /** Looks for due messages, in a turn of its own. */
  wake(): void {
    if (!this.#ending.signal.aborted) this.#schedule(this.#options.clock.now());
  }

  /** Takes no more messages, and resolves when those under way have their outcome. */
  async drain(): Promise<void> {
    this.#ending.abort();
    this.#options.timetable.clear(this.#key);
    await Promise.all(this.#inFlight.values());
  }

  /** Ends what is under way; each counts as failed. */
  abort(reason: string): void {
    for (const controller of this.#inFlight.keys()) controller.abort(reason);
  }

  get #key(): string {
    return `push ${this.#id}`;
  }

  #schedule(at: number): void {
    this.#options.timetable.setEarlier(this.#key, at, () => this.#send());
  }

  #send(): void {
    const { store, directory, terms, timetable, clock } = this.#options;
    const subscription = directory.subscription(this.#id);
    if (this.#ending.signal.aborted || !subscription?.push) return;
    const free = this.#window - this.#inFlight.size;
    const room = IN_FLIGHT_BYTES - this.#bytes;
    // With nothing under way there is always room, so whoever finishes last starts this again.
    if (free <= 0 || room <= 0) return;
    // If the database fails, this is when to try again.
    this.#schedule(clock.now() + RETRY_MS);
    for (const lease of terms.lease(subscription, free, room)) this.#start(lease, subscription);
    timetable.clear(this.#key);
    const next = store.nextDue(this.#id);
    if (next !== undefined && next > clock.now()) this.#schedule(next);
    else if (next !== undefined && this.#inFlight.size === 0) this.wake();
  }

  #start(lease: Lease, subscription: Subscription): void {
    const controller = new AbortController();
    this.#bytes += lease.bytes;
    const delivery = this.#deliver(lease, subscription, controller).finally(() => {
      this.#inFlight.delete(controller);
      this.#bytes -= lease.bytes;
      this.wake();
    });
    this.#inFlight.set(controller, delivery);
  }

  /** Never rejects. */
  async #deliver(lease: Lease, subscription: Subscription, controller: AbortController): Promise<void> {
    const { deliveries, logging } = this.#options;
    const { acknowledged, status, body } = await push(lease, subscription, controller, this.#options);
    this.#window = acknowledged
      ? Math.min(LARGEST_WINDOW, this.#window * 2)
      : Math.max(SMALLEST_WINDOW, Math.floor(this.#window / 2));
    const about = {
      source: "pubsub",
      subscription: lease.subscription,
      messageId: lease.messageId,
      attempt: lease.attempt,
      ...traceOf(lease.attributes),
    };
    if (!acknowledged) {
      logging.write({
        ...about,
        severity: "WARNING",
        message: `Push ${lease.attempt} of message ${lease.messageId} to ${subscription.push?.endpoint} failed: ${status ?? body}.`,
        ...(status !== undefined && { status, body: body.slice(0, LOGGED_BODY_CHARACTERS) }),
      });
    }
    await this.#record(about, () =>
      acknowledged ? deliveries.acknowledge(lease.subscription, lease.messageId) : deliveries.fail(lease),
    );
  }

  /**
   * Stores an outcome, as often as it takes while the pump runs: one that is forgotten would hold its
   * message for the rest of the lease, ten minutes say, though the disk was full for one.
   */
  async #record(about: About, outcome: () => void): Promise<void> {
    const { commits, logging } = this.#options;
    const { signal } = this.#ending;
    for (let told = false; ; told = true) {
      try {
        return await commits.commit(outcome);
      } catch (error) {
        const message = `The outcome of message ${about.messageId} is not stored yet: ${error}`;
        if (!told) logging.write({ ...about, severity: "ERROR", message });
      }
      if (!signal.aborted) await this.#pause(`outcome ${about.subscription} ${about.messageId}`);
      // Whoever starts next knows that what was pushed by this process has failed.
      if (signal.aborted) return;
    }
  }

  #pause(key: string): Promise<void> {
    const { timetable, clock } = this.#options;
    return new Promise((resolve) => {
      timetable.set(key, clock.now() + RETRY_MS * (1 + Math.random() / 2), resolve);
      this.#ending.signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }
}
