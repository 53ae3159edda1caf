import type { GrpcApi, HttpApi, Kernel, Part } from "../../kernel/contract.ts";
import type { CloudRun } from "../cloud-run/contract.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { type Clock, SteadyClock } from "./clock.ts";
import { CommitQueue } from "./commit-queue.ts";
import type { PubSub } from "./contract.ts";
import { Deliveries } from "./deliveries.ts";
import { Directory } from "./directory.ts";
import { LeaseTerms } from "./lease-terms.ts";
import { checkPublish } from "./message-limits.ts";
import { MessageStore } from "./message-store.ts";
import { PublisherApi } from "./publisher-api.ts";
import { PullQueues } from "./pull-queues.ts";
import { pullObstacle } from "./pull-stream.ts";
import { PushPump, type PushPumpOptions } from "./push-pump.ts";
import { PubSubRestApi } from "./rest-api.ts";
import { notFound } from "./rpc-error.ts";
import { SubscriberApi } from "./subscriber-api.ts";
import { Timetable } from "./timetable.ts";

/** Google's longest backoff and its longest acknowledgement deadline: nothing is ever due later than so far ahead. */
const LONGEST_DELAY_MS = 600_000;

export interface LocalPubSubOptions {
  readonly clock?: Clock;
  /** 0 to 1, as `Math.random`. */
  readonly random?: () => number;
  /** How long `stop` waits for pushes under way before it gives them up. @default 5000 */
  readonly stopDeadlineMs?: number;
}

/**
 * Pub/Sub: publishing, push, pull and streaming pull, retries and dead letters, at least once.
 *
 * A message is on disk when its publisher has the answer, and leaves the disk only once it was
 * acknowledged, dead-lettered, or kept for its retention. Backlogs stay on disk; in memory are
 * only the messages that are out.
 */
export class LocalPubSub implements PubSub, Part {
  readonly name = "pubsub";
  readonly apis: readonly GrpcApi[];
  /** What of it can be had without gRPC. */
  readonly restApi: HttpApi;
  readonly #store: MessageStore;
  readonly #directory: Directory;
  readonly #deliveries: Deliveries;
  readonly #commits: CommitQueue;
  readonly #terms: LeaseTerms;
  readonly #queues: PullQueues;
  readonly #timetable: Timetable;
  readonly #pumpOptions: PushPumpOptions;
  readonly #pumps = new Map<string, PushPump>();
  readonly #stopDeadlineMs: number;

  constructor(kernel: Kernel, run: Pick<CloudRun, "post">, options: LocalPubSubOptions = {}) {
    const { clock = new SteadyClock(), random = Math.random, stopDeadlineMs = 5_000 } = options;
    const { iam, logging, tokens } = kernel;
    const onError = (error: unknown) => {
      const detail = error instanceof Error ? error.stack : String(error);
      logging.write({
        severity: "ERROR",
        source: "pubsub",
        message: `Pub/Sub failed, and tries again: ${detail}`,
      });
    };
    this.#stopDeadlineMs = stopDeadlineMs;
    const store = new MessageStore(kernel.db);
    const timetable = new Timetable(clock, onError);
    const commits = new CommitQueue(kernel.db);
    const directory = new Directory(kernel.resources, logging);
    const deliveries = new Deliveries({ store, directory, timetable, iam, logging, clock, random });
    const terms = new LeaseTerms({ store, directory, deliveries, commits, timetable, clock, onError });
    this.#store = store;
    this.#timetable = timetable;
    this.#commits = commits;
    this.#directory = directory;
    this.#deliveries = deliveries;
    this.#terms = terms;
    const queues = new PullQueues({ store, directory, terms, timetable, clock });
    this.#queues = queues;
    this.#pumpOptions = {
      store,
      directory,
      deliveries,
      terms,
      commits,
      timetable,
      clock,
      run,
      tokens,
      iam,
      logging,
    };
    const publisher = new PublisherApi(kernel, directory, deliveries, commits);
    const subscriber = new SubscriberApi(kernel, {
      directory,
      acknowledgements: new Acknowledgements(deliveries, terms, commits),
      queues,
      timetable,
      clock,
    });
    this.restApi = new PubSubRestApi(publisher, subscriber);
    this.apis = [publisher, subscriber];
  }

  async start(): Promise<void> {
    for (const id of this.#store.owed()) if (!this.#directory.exists(id)) this.#store.drop(id);
    // The machine's clock may have been set back while nothing ran.
    this.#store.expectBy(this.#pumpOptions.clock.now() + LONGEST_DELAY_MS);
    this.#terms.resume();
    this.#deliveries.expectRetentionEnd();
    this.#directory.follow((id) => this.#changed(id));
    for (const { id } of this.#directory.subscriptions()) this.#serve(id);
  }

  async stop(): Promise<void> {
    this.#directory.close();
    this.#queues.close();
    const pumps = [...this.#pumps.values()];
    const patience = setTimeout(() => {
      for (const pump of pumps) pump.abort("the local cloud stops");
    }, this.#stopDeadlineMs);
    await Promise.all(pumps.map((pump) => pump.drain()));
    clearTimeout(patience);
    this.#timetable.close();
    this.#commits.close();
  }

  /** Publishes as the cloud itself, past IAM. @throws {RpcError} for an absent topic or a message past Google's limits. */
  publish(
    topic: string,
    { data, attributes = {} }: { data: Buffer; attributes?: Record<string, string> },
  ): string {
    if (!this.#directory.hasTopic(topic)) throw notFound(topic);
    checkPublish([{ data, attributes }]);
    return String(this.#deliveries.publish(topic, [{ data, attributes }])[0]);
  }

  backlog(subscription: string): number {
    return this.#store.backlog(subscription);
  }

  backlogs(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#directory.subscriptions().map(({ id }) => [id, this.#store.backlog(id)]));
  }

  oldestUnacked(subscription: string): number | undefined {
    return this.#store.oldestUnacked(subscription);
  }

  #changed(id: string): void {
    if (!this.#directory.exists(id)) {
      this.#retire(id);
      this.#queues.dismiss(id, notFound(id));
      this.#deliveries.forget(id);
      return;
    }
    this.#serve(id);
  }

  /** The outcome of what is under way no longer matters to anyone. */
  #retire(id: string): void {
    const pump = this.#pumps.get(id);
    if (!pump) return;
    this.#pumps.delete(id);
    pump.abort("the subscription is deleted");
    void pump.drain();
  }

  /** Gives a subscription to who serves it as it is now: whoever pulls, or a pump of its own. */
  #serve(id: string): void {
    const subscription = this.#directory.subscription(id);
    if (!subscription) return;
    const obstacle = pullObstacle(subscription);
    if (!obstacle) {
      this.#deliveries.serveBy(id, this.#queues);
      return;
    }
    this.#queues.dismiss(id, obstacle);
    let pump = this.#pumps.get(id);
    if (!pump) {
      pump = new PushPump(id, this.#pumpOptions);
      this.#pumps.set(id, pump);
    }
    this.#deliveries.serveBy(id, pump);
  }
}
