import { SUBSCRIPTION_KIND, subscriptionProblems } from "../../cloud/pubsub/subscription-settings.ts";
import { TOPIC_KIND, topicProblems } from "../../cloud/pubsub/topic-settings.ts";
import type { Kind, Report } from "../kind.ts";
import { ProviderError } from "../provider-error.ts";
import { nested, type Properties, text } from "../values.ts";
import { checkDuration, checkPattern, checkRange, projectId } from "./names.ts";

const DAY_SECONDS = 86_400;
const NAME = /^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}$/;
const NAME_RULE =
  "must start with a letter, have 3 to 255 letters, digits or any of -._~+%, and not begin with goog";

const topic: Kind = {
  token: TOPIC_KIND,
  autoname: { property: "name", maxLength: 255 },
  assigned: { messageStoragePolicy: { allowedPersistenceRegions: [] } },
  check(inputs, report) {
    checkPattern(inputs, "name", NAME, NAME_RULE, report);
    checkDuration(
      inputs.messageRetentionDuration,
      "messageRetentionDuration",
      { from: 600, to: 31 * DAY_SECONDS, what: "a topic's retention" },
      report,
    );
  },
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
  autoname: { property: "name", maxLength: 255 },
  defaults: () => ({ messageRetentionDuration: `${7 * DAY_SECONDS}s` }),
  assigned: { ackDeadlineSeconds: 10 },
  check: checkSubscription,
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

/** @see https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions */
function checkSubscription(inputs: Properties, report: Report): void {
  checkPattern(inputs, "name", NAME, NAME_RULE, report);
  const { ackDeadlineSeconds, messageRetentionDuration } = inputs;
  const deadline = { from: 10, to: 600, what: "seconds to acknowledge" };
  checkRange(ackDeadlineSeconds, "ackDeadlineSeconds", deadline, report);
  const retention = { from: 600, to: 31 * DAY_SECONDS, what: "a subscription's retention" };
  checkDuration(messageRetentionDuration, "messageRetentionDuration", retention, report);

  const attempts = nested(inputs, "deadLetterPolicy").maxDeliveryAttempts;
  const range = { from: 5, to: 100, what: "deliveries before the dead letter" };
  checkRange(attempts, "deadLetterPolicy.maxDeliveryAttempts", range, report);

  const retry = nested(inputs, "retryPolicy");
  for (const bound of ["minimumBackoff", "maximumBackoff"]) {
    checkDuration(retry[bound], `retryPolicy.${bound}`, { from: 0, to: 600, what: "a backoff" }, report);
  }

  const { pushEndpoint } = nested(inputs, "pushConfig");
  if (typeof pushEndpoint === "string" && !isHttps(pushEndpoint)) {
    report("pushConfig.pushEndpoint", "must be an https URL");
  }
  if (inputs.enableExactlyOnceDelivery === true && inputs.pushConfig !== undefined) {
    report("enableExactlyOnceDelivery", "must be false beside pushConfig: only pull delivers exactly once");
  }
}

/** What Pub/Sub would silently not serve is not made at all. */
function refuseProblems(problems: readonly string[]): Properties {
  if (problems.length > 0) throw new ProviderError("INVALID_ARGUMENT", problems.join(" "));
  return {};
}

function isHttps(url: string): boolean {
  return URL.canParse(url) && new URL(url).protocol === "https:";
}
