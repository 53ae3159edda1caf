import type { IncomingMessage, ServerResponse } from "node:http";
import { status } from "@grpc/grpc-js";
import * as z from "zod";
import type { HttpApi, Principal } from "../../kernel/contract.ts";
import { readBody } from "../google/read-body.ts";
import { isFor, pathOf } from "../google/request-target.ts";
import { answerJson, answerRefusal, RpcRefusal } from "../google/rpc-refusal.ts";
import type { PublisherApi } from "./publisher-api.ts";
import { RpcError } from "./rpc-error.ts";

const HOST = "pubsub.googleapis.com";
/** 10 MB of messages in base64, and what stands around them. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

const RESOURCES = /^\/v1\/projects\/[^/]+\/(?:topics|subscriptions|snapshots|schemas)(?:[/:]|$)/;
const PUBLISH = /^\/v1\/(projects\/[^/]+\/topics\/[^/:]+):publish$/;

/** Standard and URL-safe, as Google takes both. */
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

const bodySchema = z.strictObject({
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

/** The refusals of publishing under the names that REST has for them. */
const CODES: Partial<Record<status, RpcRefusal["code"]>> = {
  [status.INVALID_ARGUMENT]: "INVALID_ARGUMENT",
  [status.NOT_FOUND]: "NOT_FOUND",
  [status.PERMISSION_DENIED]: "PERMISSION_DENIED",
  [status.UNIMPLEMENTED]: "UNIMPLEMENTED",
};

/**
 * Pub/Sub over HTTP: publishing alone, which a workload does without the client library. For all
 * else there is gRPC.
 *
 * @see https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish
 */
export class PubSubRestApi implements HttpApi {
  readonly name = "pubsub";
  readonly #publisher: PublisherApi;

  constructor(publisher: PublisherApi) {
    this.#publisher = publisher;
  }

  matches(request: IncomingMessage): boolean {
    return isFor(request, [HOST], (path) => RESOURCES.test(path));
  }

  async handle(principal: Principal, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const [, topic] = PUBLISH.exec(pathOf(request)) ?? [];
      if (topic === undefined || request.method !== "POST") {
        throw new RpcRefusal(
          "UNIMPLEMENTED",
          `The local Pub/Sub has only POST …/topics/TOPIC:publish over REST; got ${request.method} ${pathOf(request).slice(0, 200)}.`,
        );
      }
      const messages = parse(await readBody(request, MAX_BODY_BYTES));
      answerJson(response, 200, await this.#publisher.publish({ topic, messages }, principal));
    } catch (error) {
      if (response.destroyed || (request.destroyed && !request.complete)) return;
      answerRefusal(response, asRefusal(error));
      request.resume();
    }
  }
}

function parse(body: Buffer) {
  const { data, error } = bodySchema.safeParse(jsonOf(body));
  if (error)
    throw new RpcRefusal("INVALID_ARGUMENT", `Invalid JSON payload received. ${z.prettifyError(error)}`);
  return data.messages.map((message) => ({ ...message, data: Buffer.from(message.data, "base64") }));
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
