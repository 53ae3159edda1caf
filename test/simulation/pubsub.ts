import type { Clock } from "../../runtime/workload/clock.ts";
import type { Logger } from "../../runtime/workload/logger.ts";
import type { Outcome } from "../../runtime/workload/outcome.ts";
import type { Delivery } from "../../runtime/workload/push.ts";
import type { HttpReply, OutgoingRequest } from "../../runtime/workload/send-request.ts";
import { messageOf } from "../../runtime/workload/thrown.ts";
import { continueTrace } from "../../runtime/workload/trace.ts";

/** As a `Stage` sets them. */
const MAX_ATTEMPTS = 10;
const SHORTEST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 600_000;

export interface Message {
  readonly topic: string;
  readonly data: unknown;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Subscriber {
  readonly deadlineMs: number;
  handle(data: unknown, delivery: Delivery): Promise<Outcome>;
}

/** When each copy of a message is delivered first, in milliseconds from its publication: one entry a copy. */
export type Schedule = (message: Message) => readonly number[];

/**
 * Pub/Sub as it delivers: at least once, in any order, again after a growing pause while the subscriber
 * says no, and after ten times no more.
 */
export class SimulatedPubSub {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #logger: Logger;
  readonly #subscribers = new Map<string, Subscriber>();
  #underWay = 0;
  #ids = 0;
  #onIdle: (() => void)[] = [];
  schedule: Schedule = () => [0];
  published = 0;
  deliveries = 0;
  readonly deadLetters: Message[] = [];

  constructor(clock: Clock, random: () => number, logger: Logger) {
    this.#clock = clock;
    this.#random = random;
    this.#logger = logger;
  }

  subscribe(topic: string, subscriber: Subscriber): void {
    this.#subscribers.set(topic, subscriber);
  }

  publish(message: Message): void {
    this.published++;
    const subscriber = this.#subscribers.get(message.topic);
    if (!subscriber) return;
    for (const delayMs of this.schedule(message)) {
      this.#underWay++;
      void this.#deliverUntilDone(subscriber, message, delayMs).finally(() => {
        this.#underWay--;
        if (this.#underWay === 0) for (const tell of this.#onIdle.splice(0)) tell();
      });
    }
  }

  /** Resolves when no message is on its way. */
  idle(): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /** A transport's: `POST /v1/projects/P/topics/T:publish`. */
  async send(target: string | URL, { body = "" }: OutgoingRequest): Promise<HttpReply> {
    const topic = /topics\/([^:]+):publish$/.exec(new URL(target).pathname)?.[1] ?? "";
    const { messages } = JSON.parse(body.toString()) as {
      readonly messages: readonly { readonly data: string; readonly attributes: Record<string, string> }[];
    };
    for (const { data, attributes } of messages) {
      this.publish({ topic, data: JSON.parse(Buffer.from(data, "base64").toString("utf8")), attributes });
    }
    return { status: 200, headers: {}, body: Buffer.from('{"messageIds":["1"]}') };
  }

  async #deliverUntilDone(subscriber: Subscriber, message: Message, delayMs: number): Promise<void> {
    const messageId = String(++this.#ids);
    await this.#clock.sleep(delayMs);
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const { kind } = await this.deliver(subscriber, message, attempt, messageId);
      if (kind !== "retry") return;
      const backoff = Math.min(LONGEST_BACKOFF_MS, SHORTEST_BACKOFF_MS * 2 ** (attempt - 1));
      await this.#clock.sleep(backoff * (0.75 + this.#random() / 2));
    }
    this.deadLetters.push(message);
  }

  /** One delivery, as the push route makes it. */
  async deliver(
    { deadlineMs, handle }: Subscriber,
    { data, attributes }: Pick<Message, "data" | "attributes">,
    deliveryAttempt = 1,
    messageId = String(++this.#ids),
  ): Promise<Outcome> {
    this.deliveries++;
    const ended = new AbortController();
    const callOff = this.#clock.after(deadlineMs, () =>
      ended.abort(new Error("The delivery's time is over")),
    );
    try {
      return await handle(data, {
        messageId,
        attributes,
        deliveryAttempt,
        trace: continueTrace(attributes.traceparent),
        logger: this.#logger,
        signal: ended.signal,
      });
    } catch (error) {
      return { kind: "retry", reason: messageOf(error) };
    } finally {
      callOff();
    }
  }
}
