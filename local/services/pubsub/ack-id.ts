import type { LeaseRef } from "./message-store.ts";
import { invalid } from "./rpc-error.ts";

/** Names one lease of one message. Opaque to callers, and of no use on another subscription. */
export function ackIdOf({ subscription, messageId, attempt }: LeaseRef): string {
  return Buffer.from(JSON.stringify([subscription, messageId, attempt])).toString("base64url");
}

/** @throws {RpcError} INVALID_ARGUMENT for what `ackIdOf` did not make for this subscription. */
export function refOf(ackId: string, subscription: string): LeaseRef {
  const match = /^\["([^"]+)","(\d{1,15})",(\d{1,9})\]$/.exec(Buffer.from(ackId, "base64url").toString());
  if (match?.[1] !== subscription) {
    throw invalid(`ackIds must be ids that a pull of ${subscription} gave; got "${ackId.slice(0, 100)}".`);
  }
  return { subscription, messageId: String(match[2]), attempt: Number(match[3]) };
}
