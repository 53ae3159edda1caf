import type { IncomingMessage, ServerResponse } from "node:http";
import { status } from "@grpc/grpc-js";
import * as z from "zod";
import type { HttpApi, Principal } from "../../kernel/contract.ts";
import { readBody } from "../google/read-body.ts";
import { isFor, pathOf } from "../google/request-target.ts";
import { answerJson, answerRefusal, RpcRefusal } from "../google/rpc-refusal.ts";
import type { PublisherApi } from "./publisher-api.ts";
import type { ReceivedMessage } from "./received-message.ts";
import { RpcError } from "./rpc-error.ts";
import type { SubscriberApi } from "./subscriber-api.ts";

const HOST = "pubsub.googleapis.com";
/** 10 MB of messages in base64, and what stands around them. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

const RESOURCES = /^\/v1\/projects\/[^/]+\/(?:topics|subscriptions|snapshots|schemas)(?:[/:]|$)/;
const METHODS =
  /^\/v1\/(projects\/[^/]+\/(topics|subscriptions)\/[^/:]+):(publish|pull|acknowledge|modifyAckDeadline)$/;

/** Standard and URL-safe, as Google takes both. */
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

const publishSchema = z.strictObject({
  messages: z
    .array(
      z.strictObject({
        data: z.string().regex(BASE64, "must be base64").default(""),
        attributes: z.record(z.string(), z.string()).default({}),
        orderingKey: z.string().default(""),
      }),
    )
    .default([]),
});

const pullSchema = z.strictObject({
  maxMessages: z.int().default(0),
  returnImmediately: z.boolean().default(false),
});
const ackIds = z.array(z.string()).default([]);
const acknowledgeSchema = z.strictObject({ ackIds });
const modifySchema = z.strictObject({ ackIds, ackDeadlineSeconds: z.int().default(0) });

/** The refusals of these methods under the names that REST has for them. */
const CODES: Partial<Record<status, RpcRefusal["code"]>> = {
  [status.INVALID_ARGUMENT]: "INVALID_ARGUMENT",
  [status.NOT_FOUND]: "NOT_FOUND",
  [status.PERMISSION_DENIED]: "PERMISSION_DENIED",
  [status.UNIMPLEMENTED]: "UNIMPLEMENTED",
};

/**
 * Pub/Sub over HTTP: publishing and single pulls, which workloads and operators do without the client
 * library. For all else there is gRPC.
 *
 * @see https://cloud.google.com/pubsub/docs/reference/rest
 */
export class PubSubRestApi implements HttpApi {
  readonly name = "pubsub";
  readonly #publisher: PublisherApi;
  readonly #subscriber: SubscriberApi;

  constructor(publisher: PublisherApi, subscriber: SubscriberApi) {
    this.#publisher = publisher;
    this.#subscriber = subscriber;
  }

  matches(request: IncomingMessage): boolean {
    return isFor(request, [HOST], (path) => RESOURCES.test(path));
  }

  async handle(principal: Principal, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const [, resource = "", collection, method] = METHODS.exec(pathOf(request)) ?? [];
      const isKnown = method !== undefined && (method === "publish") === (collection === "topics");
      if (!isKnown || request.method !== "POST") {
        throw new RpcRefusal(
          "UNIMPLEMENTED",
          `The local Pub/Sub has only POST …/topics/TOPIC:publish and …/subscriptions/SUBSCRIPTION:pull, :acknowledge and :modifyAckDeadline over REST; got ${request.method} ${pathOf(request).slice(0, 200)}.`,
        );
      }
      const body = await readBody(request, MAX_BODY_BYTES);
      answerJson(response, 200, await this.#call(method, resource, body, { principal, response }));
    } catch (error) {
      if (response.destroyed || (request.destroyed && !request.complete)) return;
      answerRefusal(response, asRefusal(error));
      request.resume();
    }
  }

  async #call(
    method: string,
    resource: string,
    body: Buffer,
    { principal, response }: { readonly principal: Principal; readonly response: ServerResponse },
  ): Promise<object> {
    switch (method) {
      case "publish": {
        const messages = parse(publishSchema, body).messages.map((message) => ({
          ...message,
          data: Buffer.from(message.data, "base64"),
        }));
        return this.#publisher.publish({ topic: resource, messages }, principal);
      }
      case "pull": {
        const cancelled = new AbortController();
        response.once("close", () => cancelled.abort());
        const request = { subscription: resource, ...parse(pullSchema, body) };
        const call = { principal, cancelled: cancelled.signal };
        const { receivedMessages } = await this.#subscriber.pull(request, call);
        return receivedMessages.length === 0 ? {} : { receivedMessages: receivedMessages.map(toJson) };
      }
      case "acknowledge":
        return this.#subscriber.acknowledge(
          { subscription: resource, ...parse(acknowledgeSchema, body) },
          { principal },
        );
      default:
        return this.#subscriber.modify(
          { subscription: resource, ...parse(modifySchema, body) },
          { principal },
        );
    }
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, body: Buffer): z.output<Schema> {
  const { data, error } = schema.safeParse(jsonOf(body));
  if (error)
    throw new RpcRefusal("INVALID_ARGUMENT", `Invalid JSON payload received. ${z.prettifyError(error)}`);
  return data;
}

/** As REST has it: bytes in base64, times as text. */
function toJson({ ackId, message, deliveryAttempt }: ReceivedMessage) {
  const { seconds, nanos } = message.publishTime;
  return {
    ackId,
    message: {
      ...message,
      data: message.data.toString("base64"),
      publishTime: new Date(seconds * 1_000 + nanos / 1_000_000).toISOString(),
    },
    ...(deliveryAttempt > 0 && { deliveryAttempt }),
  };
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

function asRefusal(error: unknown): unknown {
  const code = error instanceof RpcError ? CODES[error.code] : undefined;
  return code === undefined ? error : new RpcRefusal(code, (error as RpcError).message);
}
