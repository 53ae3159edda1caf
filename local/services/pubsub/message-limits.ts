import { invalid, unimplemented } from "./rpc-error.ts";

/** Google's limits. @see https://cloud.google.com/pubsub/quotas#resource_limits */
const MESSAGES_A_REQUEST = 1_000;
const BYTES_A_REQUEST = 10_000_000;
const ATTRIBUTES_A_MESSAGE = 100;
const BYTES_A_KEY = 256;
const BYTES_A_VALUE = 1_024;

export interface NewMessage {
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
}

/** @throws {RpcError} INVALID_ARGUMENT naming the message by its index, the rule and the value. */
export function checkPublish(messages: readonly (NewMessage & { readonly orderingKey?: string })[]): void {
  if (messages.length < 1 || messages.length > MESSAGES_A_REQUEST) {
    throw invalid(`messages must be 1 to ${MESSAGES_A_REQUEST} a request; got ${messages.length}.`);
  }
  let bytes = 0;
  for (const [index, message] of messages.entries()) {
    if (message.orderingKey) throw unimplemented(`ordering keys (messages[${index}].orderingKey)`);
    checkMessage(message, `messages[${index}]`);
    bytes += messageBytes(message);
  }
  if (bytes > BYTES_A_REQUEST) {
    throw invalid(`messages must be at most ${BYTES_A_REQUEST} bytes a request; got ${bytes}.`);
  }
}

/** Bytes of data and attributes, as Google counts a message's size. */
export function messageBytes({ data, attributes }: NewMessage): number {
  return Object.entries(attributes).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    data.length,
  );
}

function checkMessage(message: NewMessage, name: string): void {
  const attributes = Object.entries(message.attributes);
  if (message.data.length === 0 && attributes.length === 0) {
    throw invalid(`${name} must have data or at least one attribute; got neither.`);
  }
  if (attributes.length > ATTRIBUTES_A_MESSAGE) {
    throw invalid(`${name}.attributes must be at most ${ATTRIBUTES_A_MESSAGE}; got ${attributes.length}.`);
  }
  for (const [key, value] of attributes) {
    const keyBytes = Buffer.byteLength(key);
    if (keyBytes < 1 || keyBytes > BYTES_A_KEY) {
      throw invalid(`${name}: an attribute's key must be 1 to ${BYTES_A_KEY} bytes; got ${keyBytes}.`);
    }
    if (key.startsWith("goog")) {
      throw invalid(`${name}: an attribute's key must not start with "goog"; got "${key}".`);
    }
    const valueBytes = Buffer.byteLength(value);
    if (valueBytes > BYTES_A_VALUE) {
      throw invalid(
        `${name}.attributes["${key}"] must be at most ${BYTES_A_VALUE} bytes; got ${valueBytes}.`,
      );
    }
  }
}
