import type { UntypedHandleCall } from "@grpc/grpc-js";
import type { Logging } from "../../kernel/contract.ts";
import type { Acknowledgements } from "./acknowledgements.ts";
import type { PullQueues } from "./pull-queues.ts";
import {
  checkLater,
  PullStream,
  pullObstacle,
  type StreamCall,
  type StreamingPullRequest,
} from "./pull-stream.ts";
import { invalid } from "./rpc-error.ts";
import type { Subscription } from "./subscription-settings.ts";
import { toRefusal } from "./unary.ts";

export interface StreamingPullOptions {
  /** The subscription, if it exists and the caller may consume it. @throws a refusal. */
  readonly find: (subscription: string) => Subscription;
  readonly queues: PullQueues;
  readonly acknowledgements: Acknowledgements;
  readonly logging: Logging;
}

/** Makes the gRPC handler of StreamingPull. */
export function streamingPull(options: StreamingPullOptions): UntypedHandleCall {
  const handle = (call: StreamCall) => {
    serve(call, options).then(
      () => call.end(),
      (error: unknown) => {
        // Once the client has gone there is nobody to tell.
        if (!call.cancelled) call.emit("error", toRefusal(error, options.logging));
      },
    );
  };
  return handle as unknown as UntypedHandleCall;
}

async function serve(call: StreamCall, options: StreamingPullOptions): Promise<void> {
  const requests = call.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<StreamingPullRequest>;
  const first = await requests.next();
  if (first.done) throw invalid("A stream's first request must name its subscription; got none.");
  const { subscription: id } = first.value;
  const { find, queues } = options;
  const obstacle = pullObstacle(find(id));
  if (obstacle) throw obstacle;
  const dismissed = Promise.withResolvers<never>();
  const stream = new PullStream(call, first.value, {
    wake: () => queues.wake(id),
    end: dismissed.reject,
  });
  const leave = queues.join(id, stream);
  try {
    await Promise.race([hearAll(first.value, requests, stream, options), dismissed.promise]);
  } finally {
    stream.close();
    leave();
  }
}

/** One request after the other, each once the one before is stored: a client is no faster than the disk. */
async function hearAll(
  first: StreamingPullRequest,
  requests: AsyncIterable<StreamingPullRequest>,
  stream: PullStream,
  options: StreamingPullOptions,
): Promise<void> {
  const { subscription } = first;
  await hear(first, subscription, options);
  for await (const request of requests) {
    checkLater(request);
    // A grant that went, and a subscription that did, end the stream.
    options.find(subscription);
    const { streamAckDeadlineSeconds: seconds } = request;
    if (seconds !== 0) stream.ackDeadlineSeconds = seconds;
    if (await hear(request, subscription, options)) stream.keepAlive();
  }
}

/** Returns whether the request said nothing: a client that asks for a sign of life. */
async function hear(
  { ackIds, modifyDeadlineAckIds, modifyDeadlineSeconds }: StreamingPullRequest,
  subscription: string,
  { acknowledgements }: StreamingPullOptions,
): Promise<boolean> {
  if (ackIds.length > 0) await acknowledgements.acknowledge(subscription, ackIds);
  if (modifyDeadlineAckIds.length > 0) {
    await acknowledgements.modify(subscription, modifyDeadlineAckIds, modifyDeadlineSeconds);
  }
  return ackIds.length === 0 && modifyDeadlineAckIds.length === 0;
}
