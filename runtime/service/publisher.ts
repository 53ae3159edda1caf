import { PubSub } from "@google-cloud/pubsub";
import { withDeadline } from "./deadline.ts";
import { messageOf } from "./thrown.ts";

/** For a publish with its retries; the caller's own request waits for it. */
const DEADLINE_MS = 15_000;
/** Messages waiting for Pub/Sub's answer; beyond it callers had better come back later. */
const MAX_PENDING = 1_000;

/** A message that Pub/Sub has not confirmed. It may have been published all the same. */
export class PublishFailed extends Error {
  readonly code = "PUBLISH_FAILED";

  constructor(topic: string, cause: unknown) {
    super(`Publishing to ${topic} failed: ${messageOf(cause)}`, {
      cause,
    });
    this.name = "PublishFailed";
  }
}

export interface Topic {
  /**
   * Publishes `data` as JSON; resolves once Pub/Sub has it.
   *
   * @throws {PublishFailed}
   */
  publish(data: unknown, attributes: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}

/** Opens `projects/P/topics/T`. Under `PUBSUB_EMULATOR_HOST` the client asks for no credentials. */
export function openTopic(topic: string): Topic {
  const [, projectId] = /^projects\/([^/]+)\/topics\/[^/]+$/.exec(topic) ?? [];
  if (projectId === undefined) {
    throw new Error(`A topic's name must be projects/PROJECT/topics/TOPIC; got "${topic}".`);
  }
  // Said here, so that the client need not ask the metadata server before the first message.
  const client = new PubSub({ projectId, clientOptions: { universeDomain: "googleapis.com" } });
  const publisher = client.topic(topic, {
    // Each message is one request's whole work: waiting to fill a batch only adds delay.
    batching: { maxMessages: 1 },
    gaxOpts: { timeout: DEADLINE_MS },
  });
  let pending = 0;
  return {
    publish: async (data, attributes) => {
      if (pending >= MAX_PENDING) {
        throw new PublishFailed(topic, new Error(`${MAX_PENDING} messages are waiting already`));
      }
      pending++;
      try {
        const published = publisher.publishMessage({ json: data, attributes: { ...attributes } });
        await withDeadline(`Publishing to ${topic}`, DEADLINE_MS, published);
      } catch (error) {
        throw new PublishFailed(topic, error);
      } finally {
        pending--;
      }
    },
    close: () => client.close(),
  };
}
