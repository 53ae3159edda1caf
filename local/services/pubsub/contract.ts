import type { GrpcApi } from "../../kernel/contract.ts";

export interface PubSub {
  publish(topic: string, message: { data: Buffer; attributes?: Record<string, string> }): string;
  /** Messages neither acknowledged nor dead-lettered yet. */
  backlog(subscription: string): number;
  /** Of all subscriptions that exist, by id. */
  backlogs(): Readonly<Record<string, number>>;
  /** When the oldest of them was published, in milliseconds since the epoch. */
  oldestUnacked(subscription: string): number | undefined;
  readonly apis: readonly GrpcApi[];
}
