import type { Logging, ResourceStore } from "../../kernel/contract.ts";
import {
  parseSubscription,
  SUBSCRIPTION_KIND,
  type Subscription,
  subscriptionProblems,
} from "./subscription-settings.ts";
import { TOPIC_KIND, topicProblems } from "./topic-settings.ts";

/**
 * The topics and subscriptions that exist: those whose resources do, as they are now.
 *
 * A subscription finds its topic by name, so one that outlives its topic works again when a topic
 * of that name returns; Google would leave it detached.
 */
export class Directory {
  readonly #resources: ResourceStore;
  readonly #logging: Logging;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #byTopic = new Map<string, Set<string>>();
  readonly #unsubscribe: () => void;
  #onChange: (subscription: string) => void = () => undefined;

  constructor(resources: ResourceStore, logging: Logging) {
    this.#resources = resources;
    this.#logging = logging;
    for (const { id } of resources.list(TOPIC_KIND)) this.#checkTopic(id);
    for (const { id } of resources.list(SUBSCRIPTION_KIND)) this.#refresh(id);
    this.#unsubscribe = resources.subscribe((kind, id) => {
      if (kind === TOPIC_KIND) this.#checkTopic(id);
      if (kind !== SUBSCRIPTION_KIND) return;
      this.#refresh(id);
      this.#onChange(id);
    });
  }

  /** Calls with a subscription's id after it appeared, changed or disappeared, from now on. */
  follow(onChange: (subscription: string) => void): void {
    this.#onChange = onChange;
  }

  hasTopic(id: string): boolean {
    return this.#resources.get(TOPIC_KIND, id) !== undefined;
  }

  topicLabels(id: string): Readonly<Record<string, string>> {
    return (this.#resources.get(TOPIC_KIND, id)?.properties.labels ?? {}) as Record<string, string>;
  }

  /** Ids in order, of one project. */
  topicsOf(project: string): string[] {
    return this.#resources
      .list(TOPIC_KIND)
      .map(({ id }) => id)
      .filter((id) => id.startsWith(`projects/${project}/`))
      .sort();
  }

  /** Also for a subscription with problems: it is not served, and keeps its backlog. */
  exists(subscription: string): boolean {
    return this.#resources.get(SUBSCRIPTION_KIND, subscription) !== undefined;
  }

  /** One that can be served. */
  subscription(id: string): Subscription | undefined {
    return this.#subscriptions.get(id);
  }

  subscriptions(): readonly Subscription[] {
    return [...this.#subscriptions.values()];
  }

  subscriptionsTo(topic: string): readonly Subscription[] {
    return [...(this.#byTopic.get(topic) ?? [])].flatMap((id) => this.#subscriptions.get(id) ?? []);
  }

  close(): void {
    this.#unsubscribe();
  }

  #checkTopic(id: string): void {
    const resource = this.#resources.get(TOPIC_KIND, id);
    if (resource) this.#report(topicProblems(id, resource.properties));
  }

  #refresh(id: string): void {
    const previous = this.#subscriptions.get(id);
    if (previous) this.#byTopic.get(previous.topic)?.delete(id);
    this.#subscriptions.delete(id);
    const resource = this.#resources.get(SUBSCRIPTION_KIND, id);
    if (!resource) return;
    const subscription = parseSubscription(resource);
    if (!subscription) {
      // A provider refuses these first; here they'd be served wrongly, so they are not served at all.
      this.#report(subscriptionProblems(id, resource.properties));
      return;
    }
    this.#subscriptions.set(id, subscription);
    const peers = this.#byTopic.get(subscription.topic) ?? new Set();
    this.#byTopic.set(subscription.topic, peers.add(id));
  }

  #report(problems: readonly string[]): void {
    for (const message of problems) this.#logging.write({ severity: "ERROR", source: "pubsub", message });
  }
}
