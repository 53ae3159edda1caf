/** Pulumi's type token. */
export const TOPIC_KIND = "gcp:pubsub/topic:Topic";

/** Features that change what a topic does with messages, none of which this cloud has. */
const UNSUPPORTED = ["ingestionDataSourceSettings", "kmsKeyName", "messageTransforms", "schemaSettings"];

/**
 * What is wrong with a topic's properties (Pulumi's names), a sentence each; none is a topic that
 * works here. `messageRetentionDuration` only serves seeking, which is refused where it is asked for.
 */
export function topicProblems(id: string, properties: Readonly<Record<string, unknown>>): string[] {
  return UNSUPPORTED.filter((field) => isSet(properties[field])).map(
    (field) => `Topic "${id}": ${field} is not supported by the local Pub/Sub.`,
  );
}

function isSet(value: unknown): boolean {
  return (
    value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0)
  );
}
