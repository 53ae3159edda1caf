import { z } from "zod";
import type { ReceivedMessage } from "../pubsub-client.ts";

/** What Pub/Sub adds to a message that it gives up. @see https://cloud.google.com/pubsub/docs/handling-failures */
const ADDED = "CloudPubSubDeadLetter";
const ATTEMPTS = `${ADDED}SourceDeliveryCount`;
const PUBLISHED = `${ADDED}SourceTopicPublishTime`;

const namingSchema = z.looseObject({ domain: z.string() });

/** A message that a stage could not process. */
export interface DeadLetter {
  /** `STAGE/MESSAGE_ID` */
  readonly id: string;
  readonly stage: string;
  readonly ackId: string;
  /** Whose domain it is about, as far as the message says so. */
  readonly domain: string | undefined;
  readonly attempts: number | undefined;
  /** When it was first published (RFC 3339). */
  readonly since: string;
  readonly text: string;
  /** As it was published, in base64. */
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export function deadLetterOf(stage: string, { ackId, message }: ReceivedMessage): DeadLetter {
  const { attributes, messageId, publishTime, data } = message;
  const text = Buffer.from(data, "base64").toString("utf8");
  const attempts = Number(attributes[ATTEMPTS]);
  return {
    id: `${stage}/${messageId}`,
    stage,
    ackId,
    domain: domainIn(text),
    attempts: Number.isInteger(attempts) ? attempts : undefined,
    since: attributes[PUBLISHED] ?? publishTime,
    text,
    data,
    attributes: Object.fromEntries(Object.entries(attributes).filter(([name]) => !name.startsWith(ADDED))),
  };
}

function domainIn(text: string): string | undefined {
  try {
    return namingSchema.safeParse(JSON.parse(text)).data?.domain;
  } catch {
    return undefined;
  }
}
