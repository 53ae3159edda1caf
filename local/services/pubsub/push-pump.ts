import type { Iam, Logging, Tokens } from "../../kernel/contract.ts";
import { traceOf } from "../../kernel/trace-context.ts";
import type { CloudRun } from "../cloud-run/contract.ts";
import type { Clock } from "./clock.ts";
import type { CommitQueue } from "./commit-queue.ts";
import type { Deliveries } from "./deliveries.ts";
import type { Directory } from "./directory.ts";
import type { LeaseTerms } from "./lease-terms.ts";
import type { Lease, MessageStore } from "./message-store.ts";
import { ACKNOWLEDGING, pushBody, pushHeaders } from "./push-request.ts";
import { PushWindow } from "./push-window.ts";
import { serviceAgent } from "./service-agent.ts";
import type { Subscription } from "./subscription-settings.ts";
import type { Timetable } from "./timetable.ts";

/** Of message bodies in memory, for each subscription. One message may exceed what is left. */
const IN_FLIGHT_BYTES = 64 * 1024 * 1024;
const LOGGED_BODY_CHARACTERS = 500;
const RETRY_MS = 5_000;

export interface PushPumpOptions {
  readonly store: MessageStore;
  readonly directory: Directory;
  readonly deliveries: Deliveries;
  readonly terms: LeaseTerms;
  readonly commits: CommitQueue;
  readonly timetable: Timetable;
  readonly clock: Clock;
  readonly run: Pick<CloudRun, "post">;
  readonly tokens: Tokens;
  readonly iam: Iam;
  readonly logging: Logging;
}

/** Which delivery a log entry is about. */
interface About {
  readonly source: string;
  readonly subscription: string;
  readonly messageId: string;
}

interface Outcome {
  readonly status?: number;
  readonly body: string;
}

/** Pushes one subscription's messages as they fall due, a bounded number at a time. */
export class PushPump {
  readonly #id: string;
  readonly #options: PushPumpOptions;
  readonly #window = new PushWindow();
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
    const free = this.#window.size - this.#inFlight.size;
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
    const { status, body } = await this.#post(lease, subscription, controller);
    const acknowledged = status !== undefined && ACKNOWLEDGING.has(status);
    if (acknowledged) this.#window.grow();
    else this.#window.shrink();
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

  /** No answer by the acknowledgement deadline is an outcome, whatever the endpoint does later. */
  async #post(lease: Lease, subscription: Subscription, controller: AbortController): Promise<Outcome> {
    const { timetable, clock, run } = this.#options;
    const { signal } = controller;
    const { push } = subscription;
    if (!push) return { body: "the subscription is not a push subscription any more" };
    const deadlineMs = subscription.ackDeadlineSeconds * 1000;
    const deadlineKey = `deadline ${lease.subscription} ${lease.messageId}`;
    timetable.set(deadlineKey, clock.now() + deadlineMs, () =>
      controller.abort(`no answer within ${subscription.ackDeadlineSeconds} s`),
    );
    const aborted = new Promise<Outcome>((resolve) => {
      signal.addEventListener("abort", () => resolve({ body: String(signal.reason) }), { once: true });
    });
    const answered = async (): Promise<Outcome> => {
      const token = await this.#token(subscription);
      const body = pushBody(lease, subscription);
      return run.post(push.endpoint, { headers: pushHeaders(body, token), body, deadlineMs, signal });
    };
    try {
      return await Promise.race([answered(), aborted]);
    } catch (error) {
      return { body: String(error) };
    } finally {
      timetable.clear(deadlineKey);
    }
  }

  /**
   * Speaks for the subscription's account, as far as Pub/Sub's service agent may.
   *
   * @see https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
   */
  async #token({ project, push }: Subscription): Promise<string | undefined> {
    if (!push?.identity) return undefined;
    const { iam, tokens } = this.#options;
    const { email, audience } = push.identity;
    const account = `projects/${project}/serviceAccounts/${email}`;
    iam.require(serviceAgent(project), "iam.serviceAccounts.getOpenIdToken", account);
    return tokens.idToken(email, audience);
  }
}
