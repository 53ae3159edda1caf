import { UNKNOWN } from "../../../review/rules/values.ts";
import { GCP_KINDS } from "../google/package.ts";
import { describeRefusals } from "../testing/refusals.ts";

const NAMING = "resource_names";
const SUBSCRIPTIONS = "projects.subscriptions";
const LABELS = "labels-overview";
const TOPIC = "projects/acme/topics/orders";

describeRefusals(
  GCP_KINDS,
  "gcp:pubsub/topic:Topic",
  {
    name: "orders.v1~a+b%20",
    labels: { team: "edge", "größe-1": "" },
    messageRetentionDuration: "600s",
    messageStoragePolicy: { allowedPersistenceRegions: ["europe-west1"] },
    schemaSettings: { schema: "projects/acme/schemas/order", encoding: "JSON" },
  },
  [
    [{ name: "ab" }, "name must start with a letter, have 3 to 255", NAMING],
    [{ name: "a".repeat(256) }, "name must start with a letter, have 3 to 255", NAMING],
    [{ name: "1orders" }, "name must start with a letter", NAMING],
    [{ name: "google-orders" }, "name must start with a letter", NAMING],
    [{ name: "orders/1" }, "name must start with a letter", NAMING],
    [{ "labels.Team": "x" }, "labels.Team must have a key of 1 to 63 lower-case", LABELS, "name"],
    [{ labels: { "k8s.io/x": "x" } }, 'labels["k8s.io/x"] must have a key', LABELS, "name"],
    [{ "labels.team": "Edge" }, "labels.team must be at most 63 lower-case", LABELS, "name"],
    [{ "labels.team": "x".repeat(64) }, "labels.team must be at most 63", LABELS, "name"],
    [
      { labels: Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`k${index}`, "v"])) },
      "labels must be at most 64 labels",
      LABELS,
    ],
    [{ messageRetentionDuration: "599s" }, "messageRetentionDuration must be a duration", "projects.topics"],
    [
      { messageRetentionDuration: "2678401s" },
      "messageRetentionDuration must be a duration",
      "projects.topics",
    ],
    [{ messageRetentionDuration: "7d" }, "messageRetentionDuration must be a duration", "projects.topics"],
    [{ kmsKeyName: "my-key" }, "kmsKeyName must be a key", "projects.topics"],
    [
      { "messageStoragePolicy.allowedPersistenceRegions": [] },
      "messageStoragePolicy.allowedPersistenceRegions must be at least 1 regions",
      "projects.topics",
    ],
    [
      { "messageStoragePolicy.allowedPersistenceRegions": ["eu"] },
      "messageStoragePolicy.allowedPersistenceRegions[0] must be a region of Google Cloud",
      "projects.topics",
    ],
    [{ "schemaSettings.schema": "order" }, "schemaSettings.schema must be a schema", "projects.topics"],
    [{ "schemaSettings.encoding": "json" }, "schemaSettings.encoding must be one of", "@pulumi/gcp"],
  ],
);

describeRefusals(
  GCP_KINDS,
  "gcp:pubsub/subscription:Subscription",
  {
    name: "worker",
    topic: TOPIC,
    ackDeadlineSeconds: 600,
    messageRetentionDuration: "2678400s",
    expirationPolicy: { ttl: "" },
    retryPolicy: { minimumBackoff: "10s", maximumBackoff: "600s" },
    deadLetterPolicy: { deadLetterTopic: TOPIC, maxDeliveryAttempts: 5 },
    pushConfig: {
      pushEndpoint: "https://worker.example.test/push",
      oidcToken: { serviceAccountEmail: "pusher@acme.iam.gserviceaccount.com" },
      attributes: { "x-goog-version": "v1" },
    },
    filter:
      '(attributes:key AND NOT attributes.kind = "a\\"b") AND hasPrefix(attributes."x.y", "z") AND -attributes.or != "1"',
  },
  [
    [{ name: "goog-worker" }, "name must start with a letter", NAMING],
    [{ topic: "topics/orders" }, "topic must be a topic's name or projects/P/topics/T", NAMING],
    [{ topic: "projects/acme/subscriptions/x" }, "topic must be a topic's name", NAMING],
    [{ "labels.UP": "x" }, "labels.UP must have a key", LABELS, "pushConfig.noWrapper"],
    [{ ackDeadlineSeconds: 9 }, "ackDeadlineSeconds must be a whole number from 10 to 600", SUBSCRIPTIONS],
    [{ ackDeadlineSeconds: 601 }, "ackDeadlineSeconds must be a whole number", SUBSCRIPTIONS],
    [{ messageRetentionDuration: "599s" }, "messageRetentionDuration must be a duration", SUBSCRIPTIONS],
    [{ messageRetentionDuration: "2678401s" }, "messageRetentionDuration must be a duration", SUBSCRIPTIONS],
    [
      { "expirationPolicy.ttl": "86399s" },
      'expirationPolicy.ttl must be "" for never',
      "expiration_period",
      "labels",
    ],
    [
      { "expirationPolicy.ttl": "86400s", messageRetentionDuration: "90000s" },
      "expirationPolicy.ttl must not be less than messageRetentionDuration, 90000 s",
      "expiration_period",
      "labels",
    ],
    [
      { "expirationPolicy.ttl": "86400s", messageRetentionDuration: undefined },
      "expirationPolicy.ttl must not be less than messageRetentionDuration, 604800 s",
      "expiration_period",
      "labels",
    ],
    [
      { "retryPolicy.minimumBackoff": "601s", "retryPolicy.maximumBackoff": UNKNOWN },
      "retryPolicy.minimumBackoff must be a duration",
      SUBSCRIPTIONS,
      "labels",
    ],
    [
      { "retryPolicy.maximumBackoff": "601s" },
      "retryPolicy.maximumBackoff must be a duration",
      SUBSCRIPTIONS,
      "labels",
    ],
    [
      { "retryPolicy.minimumBackoff": "60s", "retryPolicy.maximumBackoff": "30s" },
      "retryPolicy.minimumBackoff must not exceed maximumBackoff, 30 s",
      SUBSCRIPTIONS,
      "labels",
    ],
    [
      { "retryPolicy.minimumBackoff": undefined, "retryPolicy.maximumBackoff": "9s" },
      "retryPolicy.minimumBackoff must not exceed maximumBackoff, 9 s",
      SUBSCRIPTIONS,
      "labels",
    ],
    [
      { "deadLetterPolicy.maxDeliveryAttempts": 4 },
      "deadLetterPolicy.maxDeliveryAttempts must be",
      SUBSCRIPTIONS,
      "labels",
    ],
    [
      { "deadLetterPolicy.maxDeliveryAttempts": 101 },
      "deadLetterPolicy.maxDeliveryAttempts must be",
      SUBSCRIPTIONS,
      "labels",
    ],
    [
      { "deadLetterPolicy.deadLetterTopic": "dead" },
      "deadLetterPolicy.deadLetterTopic must be projects/P/topics/T",
      SUBSCRIPTIONS,
      "labels",
    ],
    [
      { "deadLetterPolicy.deadLetterTopic": undefined },
      "deadLetterPolicy.deadLetterTopic must be set",
      SUBSCRIPTIONS,
      "labels",
    ],
    [
      { "pushConfig.pushEndpoint": "http://a.test" },
      "pushConfig.pushEndpoint must be an https URL",
      "docs/push",
      "labels",
    ],
    [
      { "pushConfig.oidcToken.serviceAccountEmail": "pusher" },
      "pushConfig.oidcToken.serviceAccountEmail must be a service account",
      SUBSCRIPTIONS,
      "labels",
    ],
    [
      { "pushConfig.oidcToken.serviceAccountEmail": undefined },
      "pushConfig.oidcToken.serviceAccountEmail must be set",
      "",
      "labels",
    ],
    [
      { "pushConfig.attributes.x-goog-version": "v2" },
      "pushConfig.attributes.x-goog-version must be one of",
      SUBSCRIPTIONS,
      "labels",
    ],
    [
      { "pushConfig.attributes.colour": "red" },
      "pushConfig.attributes.colour must be no attribute but",
      SUBSCRIPTIONS,
      "labels",
    ],
    [
      { bigqueryConfig: { table: "acme.events.orders" } },
      "bigqueryConfig must be absent beside pushConfig",
      SUBSCRIPTIONS,
    ],
    [
      { cloudStorageConfig: { bucket: "acme-events" } },
      "cloudStorageConfig must be absent beside pushConfig",
      SUBSCRIPTIONS,
    ],
    [
      { pushConfig: undefined, bigqueryConfig: { table: "orders" } },
      "bigqueryConfig.table must be PROJECT.DATASET.TABLE",
      "bigquery",
    ],
    [
      {
        pushConfig: undefined,
        bigqueryConfig: { table: "acme.events.orders", useTopicSchema: true, useTableSchema: true },
      },
      "bigqueryConfig.useTableSchema must be false beside useTopicSchema",
      "bigquery",
    ],
    [
      { pushConfig: undefined, cloudStorageConfig: { bucket: "gs://acme-events" } },
      "cloudStorageConfig.bucket must be a bucket's name alone",
      "cloudstorage",
    ],
    [
      { pushConfig: undefined, cloudStorageConfig: { bucket: "b", maxDuration: "30s" } },
      "cloudStorageConfig.maxDuration must be a duration",
      "cloudstorage",
    ],
    [
      { pushConfig: undefined, cloudStorageConfig: { bucket: "b", maxBytes: 10 } },
      "cloudStorageConfig.maxBytes must be a whole number",
      "cloudstorage",
    ],
    [
      { enableExactlyOnceDelivery: true },
      "enableExactlyOnceDelivery must be false beside pushConfig",
      "exactly-once",
    ],
    [{ filter: "x".repeat(257) }, "filter must have at most 256 bytes", "message-filter"],
    ...[
      "attributes.x",
      'attribute.x = "1"',
      "attributes.x = 1",
      "attributes:x AND",
      "attributes:x AND attributes:y OR attributes:z",
      "(attributes:x",
      'attributes.x == "1"',
      "hasPrefix(attributes.x)",
      "attributes:x ; attributes:y",
    ].map((filter) => [{ filter }, "filter must be of the form", "message-filter"] as const),
  ],
);

describeRefusals(GCP_KINDS, "gcp:pubsub/subscription:Subscription", { topic: "orders" }, [
  [
    { enableExactlyOnceDelivery: true, cloudStorageConfig: { bucket: "b" } },
    "enableExactlyOnceDelivery must be false beside cloudStorageConfig",
    "exactly-once",
  ],
  [
    { bigqueryConfig: { table: "p.d.t", dropUnknownFields: true } },
    "bigqueryConfig.dropUnknownFields must be false unless useTopicSchema or useTableSchema is true",
    "properties_subscription",
  ],
  [{ topic: "" }, "topic must be a topic's name", NAMING],
]);

describeRefusals(GCP_KINDS, "gcp:pubsub/topic:Topic", { name: "orders" }, [
  [
    { ingestionDataSourceSettings: { platformLogsSettings: { severity: "INFO" } } },
    "ingestionDataSourceSettings.awsKinesis must be set, or awsMsk",
    "create-import-topic",
    "labels",
  ],
]);
