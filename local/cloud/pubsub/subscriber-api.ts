import {
  type ServerDuplexStream,
  type ServiceDefinition,
  status,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { GrpcApi, Kernel, Principal } from "../parts.ts";
import { ackIdOf, refOf } from "./ack-id.ts";
import type { CommitQueue } from "./commit-queue.ts";
import type { Deliveries } from "./deliveries.ts";
import type { Directory } from "./directory.ts";
import type { LeaseTerms } from "./lease-terms.ts";
import type { Lease, LeaseRef } from "./message-store.ts";
import { refuseChange, refuseFeature } from "./publisher-api.ts";
import { pubsubService } from "./pubsub-protos.ts";
import type { PullDesk } from "./pull-desk.ts";
import { invalid, notFound, RpcError, unimplemented } from "./rpc-error.ts";
import { describeSubscription, toTimestamp } from "./subscription-message.ts";
import type { Subscription } from "./subscription-settings.ts";
import { type Call, type Method, unary } from "./unary.ts";

/** Google bounds the request's bytes (512 KiB); this is about as many ids. */
const LARGEST_ACKNOWLEDGEMENT = 3_000;
const LONGEST_EXTENSION_SECONDS = 600;

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

/** `google.pubsub.v1.Subscriber`, as far as pulling in single calls needs it; the rest is refused by name. */
export class SubscriberApi implements GrpcApi {
  readonly definition: ServiceDefinition = pubsubService("Subscriber");
  readonly #kernel: Kernel;
  readonly #directory: Directory;
  readonly #deliveries: Deliveries;
  readonly #commits: CommitQueue;
  readonly #terms: LeaseTerms;
  readonly #desk: PullDesk;

  constructor(
    kernel: Kernel,
    directory: Directory,
    deliveries: Deliveries,
    commits: CommitQueue,
    terms: LeaseTerms,
    desk: PullDesk,
  ) {
    this.#kernel = kernel;
    this.#directory = directory;
    this.#deliveries = deliveries;
    this.#commits = commits;
    this.#terms = terms;
    this.#desk = desk;
  }

  implementation(principal: Principal): UntypedServiceImplementation {
    const methods: Record<string, Method> = {
      GetSubscription: ({ subscription }: { subscription: string }, call: Call) =>
        describeSubscription(this.#find(subscription, "pubsub.subscriptions.get", call)),
      Pull: (request: PullRequest, call: Call) => this.#pull(request, call),
      Acknowledge: (request: AcknowledgeRequest, call: Call) => this.#acknowledge(request, call),
      ModifyAckDeadline: (request: ModifyRequest, call: Call) => this.#modify(request, call),
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
      StreamingPull: refuseStream as UntypedHandleCall,
    };
  }

  async #pull({ subscription: id, maxMessages, returnImmediately }: PullRequest, call: Call) {
    const subscription = this.#find(id, "pubsub.subscriptions.consume", call);
    if (subscription.push) {
      const message = `${id} is a push subscription: it can't be pulled.`;
      throw new RpcError(status.FAILED_PRECONDITION, message);
    }
    if (maxMessages < 1) throw invalid(`maxMessages must be 1 or more; got ${maxMessages}.`);
    const leases = await this.#desk.pull(subscription, maxMessages, returnImmediately, call.cancelled);
    return { receivedMessages: leases.map((lease) => toReceived(lease, subscription)) };
  }

  async #acknowledge(request: AcknowledgeRequest, call: Call) {
    const refs = this.#refs(request, call);
    await this.#commits.commit(() => {
      for (const { messageId } of refs) this.#deliveries.acknowledge(request.subscription, messageId);
    });
    return {};
  }

  async #modify(request: ModifyRequest, call: Call) {
    const refs = this.#refs(request, call);
    const seconds = request.ackDeadlineSeconds;
    if (seconds < 0 || seconds > LONGEST_EXTENSION_SECONDS) {
      throw invalid(`ackDeadlineSeconds must be 0 to ${LONGEST_EXTENSION_SECONDS}; got ${seconds}.`);
    }
    await this.#commits.commit(() => {
      for (const ref of refs) {
        if (seconds === 0) this.#deliveries.fail(ref);
        else this.#terms.extend(ref, seconds);
      }
    });
    return {};
  }

  #refs({ subscription, ackIds }: AcknowledgeRequest, call: Call): LeaseRef[] {
    this.#find(subscription, "pubsub.subscriptions.consume", call);
    if (ackIds.length < 1 || ackIds.length > LARGEST_ACKNOWLEDGEMENT) {
      throw invalid(`ackIds must be 1 to ${LARGEST_ACKNOWLEDGEMENT} a request; got ${ackIds.length}.`);
    }
    return ackIds.map((ackId) => refOf(ackId, subscription));
  }

  #find(id: string, permission: string, { principal }: Call): Subscription {
    this.#kernel.iam.require(principal, permission, id);
    const subscription = this.#directory.subscription(id);
    if (!subscription) throw notFound(id);
    return subscription;
  }
}

function toReceived(lease: Lease, subscription: Subscription) {
  return {
    ackId: ackIdOf(lease),
    message: {
      data: lease.data,
      attributes: lease.attributes,
      messageId: lease.messageId,
      publishTime: toTimestamp(lease.publishedAt),
    },
    // Google counts only for who has a use for it.
    deliveryAttempt: subscription.deadLetterPolicy ? lease.attempt : 0,
  };
}

function refuseStream(call: ServerDuplexStream<unknown, unknown>): void {
  const { code, message } = unimplemented(
    "streaming pull (StreamingPull); pull in single calls, or have it pushed",
  );
  call.emit("error", { code, details: message });
}
