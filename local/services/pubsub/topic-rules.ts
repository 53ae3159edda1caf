import { region } from "../../../review/rules/google/regions.ts";
import { count } from "../../../review/rules/lists.ts";
import { duration } from "../../../review/rules/numbers.ts";
import { atMostOneOf, exactlyOneOf } from "../../../review/rules/presence.ts";
import { type CitedRules, cite } from "../../../review/rules/rule.ts";
import { emptyOr, matching } from "../../../review/rules/text.ts";
import { LABEL_RULES, NAME, NAMING } from "./subscription-rules.ts";

const DAY_SECONDS = 86_400;
const TOPICS = "https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics";

export const TOPIC_RULES: readonly CitedRules[] = [
  cite(NAMING, { name: NAME }),
  LABEL_RULES,
  cite(TOPICS, {
    messageRetentionDuration: duration({ from: 600, to: 31 * DAY_SECONDS, what: "a topic's retention" }),
    kmsKeyName: emptyOr(
      matching(
        /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/,
        "must be a key, projects/P/locations/L/keyRings/R/cryptoKeys/K",
      ),
    ),
    "messageStoragePolicy.allowedPersistenceRegions": count({ from: 1, what: "regions" }),
    "messageStoragePolicy.allowedPersistenceRegions[]": region(),
    "schemaSettings.schema": matching(
      /^(projects\/[^/]+\/schemas\/[^/]+|_deleted-schema_)$/,
      "must be a schema, projects/P/schemas/S",
    ),
  }),
  cite("https://cloud.google.com/pubsub/docs/create-import-topic", {
    ingestionDataSourceSettings: exactlyOneOf(
      "awsKinesis",
      "awsMsk",
      "azureEventHubs",
      "cloudStorage",
      "confluentCloud",
    ),
    "ingestionDataSourceSettings.cloudStorage": atMostOneOf("avroFormat", "pubsubAvroFormat", "textFormat"),
  }),
  cite("https://cloud.google.com/pubsub/docs/smts/smts-overview", {
    "messageTransforms[]": exactlyOneOf("javascriptUdf", "aiInference"),
  }),
];
