import { expect, test } from "@jest/globals";
import { parseSubscription, SUBSCRIPTION_KIND, subscriptionProblems } from "./subscription-settings.ts";
import { topicProblems } from "./topic-settings.ts";

const ID = "projects/p/subscriptions/s";

test("gives what is not set Google's defaults", () => {
  const properties = {
    topic: "t",
    name: "s",
    filter: "",
    enableMessageOrdering: false,
    expirationPolicy: { ttl: "" },
    pushConfig: { pushEndpoint: "https://x.test/", oidcToken: { serviceAccountEmail: "a@b" } },
    retryPolicy: {},
    deadLetterPolicy: { deadLetterTopic: "projects/p/topics/dead" },
  };
  expect(subscriptionProblems(ID, properties)).toEqual([]);
  expect(parseSubscription({ kind: SUBSCRIPTION_KIND, id: ID, urn: "", properties })).toEqual({
    id: ID,
    project: "p",
    topic: "projects/p/topics/t",
    ackDeadlineSeconds: 10,
    retentionMs: 604_800_000,
    labels: {},
    push: {
      endpoint: "https://x.test/",
      attributes: { "x-goog-version": "v1" },
      identity: { email: "a@b", audience: "https://x.test/" },
    },
    retryPolicy: { minimumBackoffMs: 10_000, maximumBackoffMs: 600_000 },
    deadLetterPolicy: { topic: "projects/p/topics/dead", maxDeliveryAttempts: 5 },
  });
});

test("names every mistake at once, with its rule and value", () => {
  const problems = subscriptionProblems(ID, {
    topic: "t",
    filter: "attributes.x",
    enableExactlyOnceDelivery: true,
    ackDeadlineSeconds: 700,
    messageRetentionDuration: "1h",
    expirationPolicy: { ttl: "86400s" },
    pushConfig: { pushEndpoint: "http://x.test", noWrapper: { writeMetadata: true } },
    retryPolicy: { minimumBackoff: "60s", maximumBackoff: "30s" },
    deadLetterPolicy: { deadLetterTopic: "dead", maxDeliveryAttempts: 4 },
  });
  expect(problems).toEqual([
    `Subscription "${ID}": enableExactlyOnceDelivery is not supported by the local Pub/Sub.`,
    `Subscription "${ID}": filter is not supported by the local Pub/Sub.`,
    `Subscription "${ID}": ackDeadlineSeconds must be 10 to 600; got 700.`,
    `Subscription "${ID}": messageRetentionDuration must be 600s to 2678400s; got "1h".`,
    `Subscription "${ID}": pushConfig.pushEndpoint must be an https URL; got "http://x.test".`,
    `Subscription "${ID}": pushConfig.noWrapper is not supported by the local Pub/Sub; got {"writeMetadata":true}.`,
    `Subscription "${ID}": retryPolicy.minimumBackoff must not exceed maximumBackoff; got "60s".`,
    `Subscription "${ID}": deadLetterPolicy.deadLetterTopic must be projects/P/topics/T; got "dead".`,
    `Subscription "${ID}": deadLetterPolicy.maxDeliveryAttempts must be 5 to 100; got 4.`,
    `Subscription "${ID}": expirationPolicy.ttl must be "" (never): the local Pub/Sub does not expire subscriptions; got "86400s".`,
  ]);
});

test("a topic may not ask for what would change its messages", () => {
  expect(topicProblems("projects/p/topics/t", { labels: {}, messageTransforms: [] })).toEqual([]);
  expect(topicProblems("projects/p/topics/t", { schemaSettings: { schema: "s" } })).toEqual([
    `Topic "projects/p/topics/t": schemaSettings is not supported by the local Pub/Sub.`,
  ]);
});
