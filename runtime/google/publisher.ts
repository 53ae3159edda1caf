import type { Clock } from "../workload/clock.ts";
import { retrying } from "../workload/deadline.ts";
import type { Platform } from "../workload/platform.ts";
import { traced } from "../workload/span.ts";
import { messageOf } from "../workload/thrown.ts";
import { SYSTEM_TRANSPORT, type Transport } from "../workload/transport.ts";
import { type AccessTokens, openAccessTokens } from "./access-tokens.ts";
import { GoogleApi, isTransient } from "./google-api.ts";

/** For a publish with its retries; the caller's own request waits for it. */
const RETRIES = { deadlineMs: 15_000, attemptMs: 8_000, pauseMs: 100, maxPauseMs: 2_000 };
/** Messages waiting for Pub/Sub's answer; beyond it callers had better come back later. */
const MAX_PENDING = 1_000;

/** A message that Pub/Sub has not confirmed. It may have been published all the same. */
export class PublishFailed extends Error {
  readonly code = "PUBLISH_FAILED";

  constructor(topic: string, cause: unknown) {
    super(`Publishing to ${topic} failed: ${messageOf(cause)}`, { cause });
    this.name = "PublishFailed";
  }
}

export interface Topic {
  /**
   * Publishes `data` as JSON; resolves once Pub/Sub has it. A reply that is lost makes a second
   * message of it.
   *
   * @throws {PublishFailed}
   */
  publish(data: unknown, attributes: Readonly<Record<string, string>>): Promise<void>;
}

export interface TopicsOptions {
  /** @default the metadata server's */
  readonly tokens?: AccessTokens;
  /** @default the system's */
  readonly transport?: Transport;
}

/**
 * Opens topics, `projects/P/topics/T`, by Pub/Sub's REST API: a workload that only publishes, and
 * one message at a time, has no use for the streams and batches of the client library.
 *
 * @see https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish
 */
export function openTopics(
  { PUBSUB_ENDPOINT }: Pick<Platform, "PUBSUB_ENDPOINT">,
  { tokens = openAccessTokens(), transport = SYSTEM_TRANSPORT }: TopicsOptions = {},
): (topic: string) => Topic {
  const api = new GoogleApi({ endpoint: PUBSUB_ENDPOINT, tokens, transport });
  return (topic) => openTopic(api, topic, transport.clock);
}

function openTopic(api: GoogleApi, topic: string, clock: Clock): Topic {
  if (!/^projects\/[^/]+\/topics\/[^/]+$/.test(topic)) {
    throw new Error(`A topic's name must be projects/PROJECT/topics/TOPIC; got "${topic}".`);
  }
  const headers = { "content-type": "application/json" };
  let pending = 0;
  return {
    async publish(data, attributes) {
      if (pending >= MAX_PENDING) {
        throw new PublishFailed(topic, new Error(`${MAX_PENDING} messages are waiting already`));
      }
      const message = { data: Buffer.from(JSON.stringify(data)).toString("base64"), attributes };
      const body = JSON.stringify({ messages: [message] });
      pending++;
      try {
        const attempt = () =>
          api.request(`/v1/${topic}:publish`, {
            method: "POST",
            headers,
            body,
            deadlineMs: RETRIES.attemptMs,
          });
        await traced(`Pub/Sub publish to ${topic.split("/").at(-1)}`, () =>
          retrying({ what: `Publishing to ${topic}`, ...RETRIES, isTransient, clock }, attempt),
        );
      } catch (error) {
        throw new PublishFailed(topic, error);
      } finally {
        pending--;
      }
    },
  };
}
