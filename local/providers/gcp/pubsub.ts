import { SUBSCRIPTION_KIND, subscriptionProblems } from "../../cloud/pubsub/subscription-settings.ts";
import { TOPIC_KIND, topicProblems } from "../../cloud/pubsub/topic-settings.ts";
import type { Kind } from "../kind.ts";
import { ProviderError } from "../provider-error.ts";
import { duration, whole } from "../rules/numbers.ts";
import { presence } from "../rules/presence.ts";
import { cite, inObject } from "../rules/rule.ts";
import { httpsUrl, matching } from "../rules/text.ts";
import { type Properties, text } from "../values.ts";
import { projectId } from "./names.ts";

const DAY_SECONDS = 86_400;
const NAMING = "https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names";
const TOPICS = "https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics";
const SUBSCRIPTIONS = "https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions";
const NAME = matching(
  /^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}$/,
  "must start with a letter, have 3 to 255 letters, digits or any of -._~+%, and not begin with goog",
);
const BACKOFF = duration({ from: 0, to: 600, what: "a backoff" });

const topic: Kind = {
  token: TOPIC_KIND,
  autoname: { property: "name", maxLength: 255, source: NAMING },
  assigned: { messageStoragePolicy: { allowedPersistenceRegions: [] } },
  rules: [
    cite(NAMING, { name: NAME }),
    cite(TOPICS, {
      messageRetentionDuration: duration({ from: 600, to: 31 * DAY_SECONDS, what: "a topic's retention" }),
    }),
  ],
  unsupported(inputs, report) {
    for (const property of [
      "ingestionDataSourceSettings",
      "kmsKeyName",
      "messageTransforms",
      "schemaSettings",
    ]) {
      if (inputs[property] !== undefined) report(property, "must be absent: the local Pub/Sub cannot do it");
    }
  },
  id: (inputs) => `${projectId(inputs)}/topics/${text(inputs, "name")}`,
  outputs: ({ id, inputs }) => refuseProblems(topicProblems(id, inputs)),
};

const subscription: Kind = {
  token: SUBSCRIPTION_KIND,
  autoname: { property: "name", maxLength: 255, source: NAMING },
  defaults: () => ({ messageRetentionDuration: `${7 * DAY_SECONDS}s` }),
  assigned: { ackDeadlineSeconds: 10 },
  rules: [
    cite(NAMING, { name: NAME }),
    cite(SUBSCRIPTIONS, {
      ackDeadlineSeconds: whole({ from: 10, to: 600, what: "seconds to acknowledge" }),
      messageRetentionDuration: duration({
        from: 600,
        to: 31 * DAY_SECONDS,
        what: "a subscription's retention",
      }),
      "deadLetterPolicy.maxDeliveryAttempts": whole({
        from: 5,
        to: 100,
        what: "deliveries before the dead letter",
      }),
      "retryPolicy.minimumBackoff": BACKOFF,
      "retryPolicy.maximumBackoff": BACKOFF,
      "pushConfig.pushEndpoint": httpsUrl(),
    }),
    cite("https://cloud.google.com/pubsub/docs/exactly-once-delivery", {
      "": inObject(({ enableExactlyOnceDelivery, pushConfig }, report) => {
        if (enableExactlyOnceDelivery === true && presence(pushConfig) === "set") {
          report(
            "enableExactlyOnceDelivery",
            "must be false beside pushConfig: only pull delivers exactly once",
          );
        }
      }),
    }),
  ],
  unsupported(inputs, report) {
    for (const property of ["bigqueryConfig", "cloudStorageConfig", "messageTransforms", "filter"]) {
      if (inputs[property] !== undefined && inputs[property] !== "") {
        report(property, "must be absent: the local Pub/Sub cannot do it");
      }
    }
    for (const property of ["enableMessageOrdering", "enableExactlyOnceDelivery", "retainAckedMessages"]) {
      if (inputs[property] === true) report(property, "must be false: the local Pub/Sub cannot do it");
    }
  },
  id: (inputs) => `${projectId(inputs)}/subscriptions/${text(inputs, "name")}`,
  outputs: ({ id, inputs }) => refuseProblems(subscriptionProblems(id, inputs)),
};

export const PUBSUB_KINDS: readonly Kind[] = [topic, subscription];

/** What Pub/Sub would silently not serve is not made at all. */
function refuseProblems(problems: readonly string[]): Properties {
  if (problems.length > 0) throw new ProviderError("INVALID_ARGUMENT", problems.join(" "));
  return {};
}
