import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import type { GrpcApi, Kernel, Principal } from "../../kernel/contract.ts";
import type { Acknowledgements } from "./acknowledgements.ts";
import type { Clock } from "./clock.ts";
import type { Directory } from "./directory.ts";
import { refuseChange, refuseFeature } from "./publisher-api.ts";
import { pubsubService } from "./pubsub-protos.ts";
import type { PullQueues } from "./pull-queues.ts";
import { pullObstacle } from "./pull-stream.ts";
import { toReceived } from "./received-message.ts";
import { invalid, notFound } from "./rpc-error.ts";
import { pullOnce } from "./single-pull.ts";
import { streamingPull } from "./streaming-pull.ts";
import { describeSubscription } from "./subscription-message.ts";
import type { Subscription } from "./subscription-settings.ts";
import type { Timetable } from "./timetable.ts";
import { type Call, type Method, unary } from "./unary.ts";

interface PullRequest {
  readonly subscription: string;
  readonly maxMessages: number;
  readonly returnImmediately: boolean;
}

interface AcknowledgeRequest {
  readonly subscription: string;
  readonly ackIds: readonly string[];
}

interface ModifyRequest extends AcknowledgeRequest {
  readonly ackDeadlineSeconds: number;
}

export interface SubscriberApiOptions {
  readonly directory: Directory;
  readonly acknowledgements: Acknowledgements;
  readonly queues: PullQueues;
  readonly timetable: Timetable;
  readonly clock: Clock;
}

/** `google.pubsub.v1.Subscriber`, as far as pulling needs it; the rest is refused by name. */
export class SubscriberApi implements GrpcApi {
  readonly definition: ServiceDefinition = pubsubService("Subscriber");
  readonly #kernel: Kernel;
  readonly #options: SubscriberApiOptions;

  constructor(kernel: Kernel, options: SubscriberApiOptions) {
    this.#kernel = kernel;
    this.#options = options;
  }

  implementation(principal: Principal): UntypedServiceImplementation {
    const methods: Record<string, Method> = {
      GetSubscription: ({ subscription }: { subscription: string }, call: Call) =>
        describeSubscription(this.#find(subscription, "pubsub.subscriptions.get", call.principal)),
      Pull: (request: PullRequest, call: Call) => this.pull(request, call),
      Acknowledge: (request: AcknowledgeRequest, call: Call) => this.acknowledge(request, call),
      ModifyAckDeadline: (request: ModifyRequest, call: Call) => this.modify(request, call),
      CreateSubscription: () => refuseChange("CreateSubscription"),
      UpdateSubscription: () => refuseChange("UpdateSubscription"),
      DeleteSubscription: () => refuseChange("DeleteSubscription"),
      ModifyPushConfig: () => refuseChange("ModifyPushConfig"),
      ListSubscriptions: () => refuseFeature("listing subscriptions (ListSubscriptions)"),
      GetSnapshot: () => refuseFeature("snapshots (GetSnapshot)"),
      ListSnapshots: () => refuseFeature("snapshots (ListSnapshots)"),
      CreateSnapshot: () => refuseFeature("snapshots (CreateSnapshot)"),
      UpdateSnapshot: () => refuseFeature("snapshots (UpdateSnapshot)"),
      DeleteSnapshot: () => refuseFeature("snapshots (DeleteSnapshot)"),
      Seek: () => refuseFeature("seeking in a subscription (Seek)"),
    };
    return {
      ...Object.fromEntries(
        Object.entries(methods).map(([name, method]) => [
          name,
          unary(method, principal, this.#kernel.logging),
        ]),
      ),
      StreamingPull: streamingPull({
        find: (id) => this.#find(id, "pubsub.subscriptions.consume", principal),
        queues: this.#options.queues,
        acknowledgements: this.#options.acknowledgements,
        logging: this.#kernel.logging,
      }),
    };
  }

  async pull({ subscription: id, maxMessages, returnImmediately }: PullRequest, call: Call) {
    const subscription = this.#find(id, "pubsub.subscriptions.consume", call.principal);
    const obstacle = pullObstacle(subscription);
    if (obstacle) throw obstacle;
    if (maxMessages < 1) throw invalid(`maxMessages must be 1 or more; got ${maxMessages}.`);
    const { cancelled } = call;
    const leases = await pullOnce(
      { subscription: id, maxMessages, returnImmediately, cancelled },
      this.#options,
    );
    return { receivedMessages: leases.map((lease) => toReceived(lease, subscription)) };
  }

  async acknowledge({ subscription, ackIds }: AcknowledgeRequest, { principal }: Pick<Call, "principal">) {
    this.#find(subscription, "pubsub.subscriptions.consume", principal);
    await this.#options.acknowledgements.acknowledge(subscription, ackIds);
    return {};
  }

  async modify(
    { subscription, ackIds, ackDeadlineSeconds }: ModifyRequest,
    { principal }: Pick<Call, "principal">,
  ) {
    this.#find(subscription, "pubsub.subscriptions.consume", principal);
    const seconds = ackIds.map(() => ackDeadlineSeconds);
    await this.#options.acknowledgements.modify(subscription, ackIds, seconds);
    return {};
  }

  #find(id: string, permission: string, principal: Principal): Subscription {
    this.#kernel.iam.require(principal, permission, id);
    const subscription = this.#options.directory.subscription(id);
    if (!subscription) throw notFound(id);
    return subscription;
  }
}
