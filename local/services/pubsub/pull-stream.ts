import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import type { Lease } from "./message-store.ts";
import type { Puller } from "./pull-queues.ts";
import { type ReceivedMessage, toReceived } from "./received-message.ts";
import { invalid, RpcError } from "./rpc-error.ts";
import type { Subscription } from "./subscription-settings.ts";

const MESSAGES_A_RESPONSE = 100;
const BYTES_A_RESPONSE = 1_000_000;
/** On their way to a client that reads slowly. */
const BYTES_UNDER_WAY = 2_000_000;
/** Google has no limit for who sets none; this is what a stream remembers. */
const MOST_OUTSTANDING = 20_000;

/** `google.pubsub.v1.StreamingPullRequest`, as proto-loader gives it. */
export interface StreamingPullRequest {
  readonly subscription: string;
  readonly ackIds: readonly string[];
  readonly modifyDeadlineSeconds: readonly number[];
  readonly modifyDeadlineAckIds: readonly string[];
  readonly streamAckDeadlineSeconds: number;
  readonly clientId: string;
  readonly maxOutstandingMessages: string;
  readonly maxOutstandingBytes: string;
  readonly protocolVersion: string;
}

export interface StreamingPullResponse {
  readonly receivedMessages: readonly ReceivedMessage[];
  readonly subscriptionProperties: {
    readonly exactlyOnceDeliveryEnabled: boolean;
    readonly messageOrderingEnabled: boolean;
  };
}

export type StreamCall = ServerDuplexStream<StreamingPullRequest, StreamingPullResponse>;

/**
 * The sending side of one streaming pull: messages go out as long as the client has fewer than it
 * said it can hold, and reads what it is sent.
 *
 * @see https://cloud.google.com/pubsub/docs/reference/rpc/google.pubsub.v1#streamingpullrequest
 */
export class PullStream implements Puller {
  readonly #call: StreamCall;
  readonly #mostMessages: number;
  readonly #mostBytes: number;
  readonly #wake: () => void;
  readonly #end: (reason: RpcError) => void;
  /** Bytes of each message that is out on this stream. */
  readonly #outstanding = new Map<string, number>();
  #outstandingBytes = 0;
  #bytesUnderWay = 0;
  #isOpen = true;
  #ackDeadlineSeconds: number;

  /**
   * `wake` asks its queue for more; `end` is called when its queue dismisses the stream.
   *
   * @throws {RpcError} INVALID_ARGUMENT unless `request` can be a stream's first.
   */
  constructor(
    call: StreamCall,
    request: StreamingPullRequest,
    { wake, end }: { readonly wake: () => void; readonly end: (reason: RpcError) => void },
  ) {
    this.#call = call;
    this.#wake = wake;
    this.#end = end;
    this.#ackDeadlineSeconds = checkDeadline(request.streamAckDeadlineSeconds);
    this.#mostMessages = Math.min(limit(request.maxOutstandingMessages), MOST_OUTSTANDING);
    this.#mostBytes = limit(request.maxOutstandingBytes);
  }

  get ackDeadlineSeconds(): number {
    return this.#ackDeadlineSeconds;
  }

  set ackDeadlineSeconds(seconds: number) {
    this.#ackDeadlineSeconds = checkDeadline(seconds);
  }

  get room(): { messages: number; bytes: number } {
    const blocked =
      !this.#isOpen || this.#bytesUnderWay >= BYTES_UNDER_WAY || this.#outstandingBytes >= this.#mostBytes;
    return {
      messages: blocked ? 0 : Math.min(this.#mostMessages - this.#outstanding.size, MESSAGES_A_RESPONSE),
      bytes: Math.min(this.#mostBytes - this.#outstandingBytes, BYTES_A_RESPONSE),
    };
  }

  give(leases: readonly Lease[], subscription: Subscription): void {
    let bytes = 0;
    for (const lease of leases) {
      this.#outstanding.set(lease.messageId, lease.bytes);
      bytes += lease.bytes;
    }
    this.#outstandingBytes += bytes;
    this.#bytesUnderWay += bytes;
    const received = leases.map((lease) => toReceived(lease, subscription));
    this.#write(received, () => {
      this.#bytesUnderWay -= bytes;
      this.#wake();
    });
  }

  /** Answers a client that asks whether the stream lives. */
  keepAlive(): void {
    if (this.#isOpen) this.#write([]);
  }

  settled(messageId: string): void {
    const bytes = this.#outstanding.get(messageId);
    if (bytes === undefined) return;
    const wasFull = this.room.messages === 0;
    this.#outstanding.delete(messageId);
    this.#outstandingBytes -= bytes;
    if (wasFull) this.#wake();
  }

  dismiss(reason: RpcError): void {
    this.close();
    this.#end(reason);
  }

  /** Sends nothing from now on. What is out stays so until its deadline. */
  close(): void {
    this.#isOpen = false;
  }

  #write(receivedMessages: readonly ReceivedMessage[], sent?: () => void): void {
    this.#call.write(
      {
        receivedMessages,
        subscriptionProperties: { exactlyOnceDeliveryEnabled: false, messageOrderingEnabled: false },
      },
      sent,
    );
  }
}

/** @throws {RpcError} INVALID_ARGUMENT for what only a stream's first request may say. */
export function checkLater(request: StreamingPullRequest): void {
  for (const field of ["subscription", "clientId"] as const) {
    if (request[field] !== "") throw onlyFirst(field, request[field]);
  }
  for (const field of ["maxOutstandingMessages", "maxOutstandingBytes", "protocolVersion"] as const) {
    if (request[field] !== "0") throw onlyFirst(field, request[field]);
  }
  const { modifyDeadlineAckIds: ids, modifyDeadlineSeconds: seconds } = request;
  if (ids.length !== seconds.length) {
    throw invalid(
      `modifyDeadlineSeconds must be as many as modifyDeadlineAckIds, ${ids.length}; got ${seconds.length}.`,
    );
  }
}

/** Why a subscription can't be pulled, if it can't. */
export function pullObstacle({ id, push }: Subscription): RpcError | undefined {
  if (!push) return undefined;
  return new RpcError(status.FAILED_PRECONDITION, `${id} is a push subscription: it can't be pulled.`);
}

function onlyFirst(field: string, value: string): RpcError {
  return invalid(`${field} must be absent after a stream's first request; got "${value}".`);
}

function checkDeadline(seconds: number): number {
  if (seconds < 10 || seconds > 600) {
    throw invalid(`streamAckDeadlineSeconds must be 10 to 600; got ${seconds}.`);
  }
  return seconds;
}

/** 0 and less: none. */
function limit(value: string): number {
  return Number(value) > 0 ? Number(value) : Number.POSITIVE_INFINITY;
}
