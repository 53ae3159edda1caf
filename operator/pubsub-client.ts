import { z } from "zod";
import { EXIT, Failure } from "./terminal/failure.ts";

const DEADLINE_MS = 35_000;
const MAX_PULLED = 100;

const pulledSchema = z.object({
  receivedMessages: z
    .array(
      z.object({
        ackId: z.string(),
        message: z.object({
          data: z.base64().default(""),
          attributes: z.record(z.string(), z.string()).default({}),
          messageId: z.string(),
          publishTime: z.string(),
        }),
      }),
    )
    .default([]),
});
const refusalSchema = z.object({ error: z.object({ message: z.string() }) });

export type ReceivedMessage = z.output<typeof pulledSchema>["receivedMessages"][number];

/** Where one of Google's APIs is, and what lets the operator in. */
export interface GoogleDoor {
  /** `https://pubsub.googleapis.com` */
  readonly origin: string;
  /** Absent where the place is proof enough. */
  readonly accessToken?: string;
}

/** Pub/Sub as the platform's operator. @see https://cloud.google.com/pubsub/docs/reference/rest */
export class PubSubClient {
  readonly #door: GoogleDoor;

  constructor(door: GoogleDoor) {
    this.#door = door;
  }

  /** What is there at once: nothing does not mean that there is nothing. */
  async pull(subscription: string): Promise<readonly ReceivedMessage[]> {
    const body = { maxMessages: MAX_PULLED, returnImmediately: true };
    return pulledSchema.parse(await this.#call(`${subscription}:pull`, body)).receivedMessages;
  }

  async acknowledge(subscription: string, ackIds: readonly string[]): Promise<void> {
    if (ackIds.length > 0) await this.#call(`${subscription}:acknowledge`, { ackIds });
  }

  /** With 0 seconds, the messages are there for the next one at once. */
  async hold(subscription: string, ackIds: readonly string[], seconds: number): Promise<void> {
    const body = { ackIds, ackDeadlineSeconds: seconds };
    if (ackIds.length > 0) await this.#call(`${subscription}:modifyAckDeadline`, body);
  }

  async publish(topic: string, data: string, attributes: Readonly<Record<string, string>>): Promise<void> {
    await this.#call(`${topic}:publish`, { messages: [{ data, attributes }] });
  }

  /** @throws {Failure} */
  async #call(path: string, body: object): Promise<unknown> {
    const { origin, accessToken } = this.#door;
    try {
      const response = await fetch(`${origin}/v1/${path}`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(accessToken !== undefined && { authorization: `Bearer ${accessToken}` }),
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(DEADLINE_MS),
      });
      const answer: unknown = await response.json();
      if (response.ok) return answer;
      const said = refusalSchema.safeParse(answer).data?.error.message ?? `status ${response.status}`;
      throw new Failure(`Pub/Sub refuses ${path}: ${said}`);
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw new Failure(`Pub/Sub did not answer ${path} (${(error as Error).message}).`, EXIT.failed, {
        cause: error,
      });
    }
  }
}
