import { labels } from "../../../review/rules/google/labels.ts";
import { duration, seconds, whole } from "../../../review/rules/numbers.ts";
import { atMostOneOf, exactlyOneOf, presence } from "../../../review/rules/presence.ts";
import { type CitedRules, cite, inObject, ofText, type Rule } from "../../../review/rules/rule.ts";
import { httpsUrl, matching, oneOf } from "../../../review/rules/text.ts";
import { UNKNOWN } from "../../../review/rules/values.ts";
import { subscriptionFilter } from "./filter-rules.ts";

const DAY_SECONDS = 86_400;
export const NAMING = "https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names";
const SUBSCRIPTIONS = "https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions";
const PROPERTIES = "https://cloud.google.com/pubsub/docs/subscription-properties";
const LABELS = "https://cloud.google.com/resource-manager/docs/labels-overview#requirements";

const NAME_PATTERN = "(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}";
export const NAME = matching(
  new RegExp(`^${NAME_PATTERN}$`),
  "must start with a letter, have 3 to 255 letters, digits or any of -._~+%, and not begin with goog",
);
/** Ways of a message to its subscriber, other than that it asks for them. */
const DELIVERIES = ["pushConfig", "bigqueryConfig", "bigtableConfig", "cloudStorageConfig"];
const TOPIC = new RegExp(`^projects/[^/]+/topics/${NAME_PATTERN}$`);
const BACKOFF = duration({ from: 0, to: 600, what: "a backoff" });
const ACCOUNT = matching(/^[^@\s]+@[^@\s]+\.[^@\s]+$/, "must be a service account's e-mail address");

export const LABEL_RULES: CitedRules = cite(LABELS, { labels: labels() });

/** What Pub/Sub refuses of a subscription. */
export const SUBSCRIPTION_RULES: readonly CitedRules[] = [
  cite(NAMING, {
    name: NAME,
    topic: ofText((topic) =>
      TOPIC.test(topic) || new RegExp(`^${NAME_PATTERN}$`).test(topic)
        ? undefined
        : "must be a topic's name or projects/P/topics/T",
    ),
  }),
  LABEL_RULES,
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
    "deadLetterPolicy.deadLetterTopic": matching(TOPIC, "must be projects/P/topics/T"),
    deadLetterPolicy: inObject(({ deadLetterTopic }, report) => {
      if (presence(deadLetterTopic) === "absent") report("deadLetterTopic", "must be set");
    }),
    "retryPolicy.minimumBackoff": BACKOFF,
    "retryPolicy.maximumBackoff": BACKOFF,
    retryPolicy: inObject(({ minimumBackoff, maximumBackoff }, report) => {
      const [least, most] = [secondsOr(minimumBackoff, 10), secondsOr(maximumBackoff, 600)];
      if (least > most) report("minimumBackoff", `must not exceed maximumBackoff, ${most} s`);
    }),
    "pushConfig.oidcToken.serviceAccountEmail": ACCOUNT,
    "pushConfig.attributes": inObject((attributes, report) => {
      for (const name of Object.keys(attributes)) {
        if (name !== "x-goog-version") report(name, 'must be no attribute but "x-goog-version"');
      }
    }),
    "pushConfig.attributes.x-goog-version": oneOf("v1beta1", "v1", "v1beta2"),
    "": atMostOneOf(...DELIVERIES),
  }),
  cite("https://cloud.google.com/pubsub/docs/push#properties", { "pushConfig.pushEndpoint": httpsUrl() }),
  cite(`${PROPERTIES}#expiration_period`, {
    "expirationPolicy.ttl": timeToLive(),
    "": inObject(({ expirationPolicy, messageRetentionDuration }, report) => {
      if (typeof expirationPolicy !== "object" || expirationPolicy === null) return;
      const { ttl } = expirationPolicy as { ttl?: unknown };
      const [life, kept] = [secondsOr(ttl, Number.NaN), secondsOr(messageRetentionDuration, 7 * DAY_SECONDS)];
      if (life >= DAY_SECONDS && life < kept) {
        report("expirationPolicy.ttl", `must not be less than messageRetentionDuration, ${kept} s`);
      }
    }),
  }),
  cite("https://cloud.google.com/pubsub/docs/subscription-message-filter", { filter: subscriptionFilter() }),
  cite("https://cloud.google.com/pubsub/docs/exactly-once-delivery", {
    "": inObject(({ enableExactlyOnceDelivery, ...subscription }, report) => {
      const other = DELIVERIES.find((name) => presence(subscription[name]) === "set");
      if (enableExactlyOnceDelivery === true && other !== undefined) {
        report("enableExactlyOnceDelivery", `must be false beside ${other}: only pull delivers exactly once`);
      }
    }),
  }),
  cite("https://cloud.google.com/pubsub/docs/bigquery#properties_subscription", {
    "bigqueryConfig.table": matching(/^[^.:\s]+[.:][^.\s]+\.[^.\s]+$/, "must be PROJECT.DATASET.TABLE"),
    bigqueryConfig: inObject(({ useTopicSchema, useTableSchema, dropUnknownFields }, report) => {
      if (useTopicSchema === true && useTableSchema === true) {
        report("useTableSchema", "must be false beside useTopicSchema");
      }
      if (dropUnknownFields === true && useTopicSchema !== true && useTableSchema !== true) {
        if (useTopicSchema !== UNKNOWN && useTableSchema !== UNKNOWN)
          report("dropUnknownFields", "must be false unless useTopicSchema or useTableSchema is true");
      }
    }),
  }),
  cite("https://cloud.google.com/pubsub/docs/create-cloudstorage-subscription#subscription_properties", {
    "cloudStorageConfig.bucket": matching(/^(?!gs:\/\/)[^/]+$/, "must be a bucket's name alone"),
    "cloudStorageConfig.maxDuration": duration({ from: 60, to: 600, what: "the life of a file" }),
    "cloudStorageConfig.maxBytes": whole({ from: 1_000, to: 10_737_418_240, what: "bytes a file" }),
    "cloudStorageConfig.maxMessages": whole({
      from: 1_000,
      to: Number.MAX_SAFE_INTEGER,
      what: "messages a file",
    }),
    "cloudStorageConfig.filenameSuffix": matching(/[^/]$/, "must not end in /"),
    cloudStorageConfig: atMostOneOf("avroConfig", "textConfig"),
  }),
  cite("https://cloud.google.com/pubsub/docs/smts/smts-overview", {
    "messageTransforms[]": exactlyOneOf("javascriptUdf", "aiInference"),
  }),
];

/** "" is for ever. */
function timeToLive(): Rule {
  return ofText((ttl) =>
    ttl === "" || seconds(ttl) >= DAY_SECONDS
      ? undefined
      : `must be "" for never, or a duration of at least "${DAY_SECONDS}s"`,
  );
}

function secondsOr(value: unknown, otherwise: number): number {
  if (value === undefined || value === null) return otherwise;
  return typeof value === "string" ? seconds(value) : Number.NaN;
}
