import { type ServiceDefinition, status, type UntypedServiceImplementation } from "@grpc/grpc-js";
import type { GrpcApi, Kernel, Principal } from "../../kernel/contract.ts";
import type { CommitQueue } from "./commit-queue.ts";
import type { Deliveries } from "./deliveries.ts";
import type { Directory } from "./directory.ts";
import { checkPublish, messageBytes, type NewMessage } from "./message-limits.ts";
import { pubsubService } from "./pubsub-protos.ts";
import { invalid, notFound, RpcError, unimplemented } from "./rpc-error.ts";
import { type Call, type Method, unary } from "./unary.ts";

const LARGEST_PAGE = 1_000;

interface PublishRequest {
  readonly topic: string;
  readonly messages: readonly (NewMessage & { readonly orderingKey: string })[];
}

interface ListTopicsRequest {
  readonly project: string;
  readonly pageSize: number;
  readonly pageToken: string;
}

/** `google.pubsub.v1.Publisher`, as far as publishing needs it; the rest is refused by name. */
export class PublisherApi implements GrpcApi {
  readonly definition: ServiceDefinition = pubsubService("Publisher");
  readonly #kernel: Kernel;
  readonly #directory: Directory;
  readonly #deliveries: Deliveries;
  readonly #commits: CommitQueue;

  constructor(kernel: Kernel, directory: Directory, deliveries: Deliveries, commits: CommitQueue) {
    this.#kernel = kernel;
    this.#directory = directory;
    this.#deliveries = deliveries;
    this.#commits = commits;
  }

  implementation(principal: Principal): UntypedServiceImplementation {
    const methods: Record<string, Method> = {
      Publish: (request: PublishRequest, { principal }: Call) => this.publish(request, principal),
      GetTopic: ({ topic }: { topic: string }, call: Call) => this.#getTopic(topic, call),
      ListTopics: (request: ListTopicsRequest, call: Call) => this.#listTopics(request, call),
      CreateTopic: () => refuseChange("CreateTopic"),
      UpdateTopic: () => refuseChange("UpdateTopic"),
      DeleteTopic: () => refuseChange("DeleteTopic"),
      DetachSubscription: () => refuseChange("DetachSubscription"),
      ListTopicSubscriptions: () => refuseFeature("listing a topic's subscriptions (ListTopicSubscriptions)"),
      ListTopicSnapshots: () => refuseFeature("snapshots (ListTopicSnapshots)"),
    };
    return Object.fromEntries(
      Object.entries(methods).map(([name, method]) => [name, unary(method, principal, this.#kernel.logging)]),
    );
  }

  async publish({ topic, messages }: PublishRequest, principal: Principal) {
    this.#kernel.iam.require(principal, "pubsub.topics.publish", topic);
    if (!this.#directory.hasTopic(topic)) throw notFound(topic);
    checkPublish(messages);
    const bytes = messages.reduce((sum, message) => sum + messageBytes(message), 0);
    const cost = { bytes, items: messages.length };
    return { messageIds: await this.#commits.commit(() => this.#deliveries.publish(topic, messages), cost) };
  }

  #getTopic(topic: string, { principal }: Call) {
    this.#kernel.iam.require(principal, "pubsub.topics.get", topic);
    if (!this.#directory.hasTopic(topic)) throw notFound(topic);
    return this.#describe(topic);
  }

  /** Pages by name: a token is the last topic of the page before. */
  #listTopics({ project, pageSize, pageToken }: ListTopicsRequest, { principal }: Call) {
    this.#kernel.iam.require(principal, "pubsub.topics.list", project);
    if (pageSize < 0) throw invalid(`pageSize must be 0 or more; got ${pageSize}.`);
    const rest = this.#directory.topicsOf(project.replace(/^projects\//, "")).filter((id) => id > pageToken);
    const page = rest.slice(0, Math.min(pageSize || LARGEST_PAGE, LARGEST_PAGE));
    return {
      topics: page.map((id) => this.#describe(id)),
      nextPageToken: page.length < rest.length ? page.at(-1) : "",
    };
  }

  #describe(id: string) {
    return { name: id, labels: this.#directory.topicLabels(id), state: "ACTIVE" };
  }
}

/** What exists is the program's to say: made here, it would be gone from the program's view. */
export function refuseChange(method: string): never {
  const message = `${method} is refused: topics and subscriptions are resources of the Pulumi program, and only it makes, changes or deletes them.`;
  throw new RpcError(status.PERMISSION_DENIED, message);
}

export function refuseFeature(feature: string): never {
  throw unimplemented(feature);
}
