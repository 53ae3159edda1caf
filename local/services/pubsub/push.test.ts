import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { SUBSCRIPTION_KIND } from "./subscription-settings.ts";
import {
  AGENT,
  ENDPOINT,
  eventually,
  PUBLISHER,
  PUSHER,
  PUSHER_ACCOUNT,
  SUBSCRIBER,
  startWorld,
  type World,
} from "./testing/world.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const pushConfig = { pushEndpoint: ENDPOINT, oidcToken: { serviceAccountEmail: PUSHER, audience: "api" } };

let world: World;
let topic: string;

beforeEach(async () => {
  world = await startWorld();
  topic = world.topic("orders");
  world.grant("roles/pubsub.publisher", PUBLISHER, topic);
});

afterEach(() => world.stop());

async function publish(...texts: string[]): Promise<string[]> {
  const client = await world.client(PUBLISHER);
  const publisher = client.topic(topic, { batching: { maxMilliseconds: 0 } });
  return Promise.all(
    texts.map((text) =>
      publisher.publishMessage({
        data: Buffer.from(text),
        attributes: { traceparent: `00-${TRACE}-b7ad6b7169203331-01` },
      }),
    ),
  );
}

/** A subscription whose failures go to `dead`, which `SUBSCRIBER` may pull. */
function withDeadLetters() {
  const dead = world.topic("dead");
  const deadSubscription = world.subscription("dead", { topic: dead });
  world.grant("roles/pubsub.subscriber", SUBSCRIBER, deadSubscription);
  const subscription = world.subscription("worker", {
    topic,
    pushConfig,
    retryPolicy: { minimumBackoff: "10s", maximumBackoff: "60s" },
    deadLetterPolicy: { deadLetterTopic: dead, maxDeliveryAttempts: 5 },
  });
  return {
    deadSubscription,
    subscription,
    grants: {
      "pubsub.topics.publish": world.grant("roles/pubsub.publisher", AGENT, dead),
      "pubsub.subscriptions.consume": world.grant("roles/pubsub.subscriber", AGENT, subscription),
    },
  };
}

/** Waits for a failed push to be recorded and lets its backoff pass. Returns the backoff. */
async function passBackoff(subscription: string): Promise<number> {
  await eventually(() => world.delays(subscription).some((delay) => delay > 0), "a retry is scheduled");
  const [delay = 0] = world.delays(subscription);
  world.clock.advance(delay);
  return delay;
}

test("pushes a message once, in Google's envelope, with a token for the subscription's audience", async () => {
  const subscription = world.subscription("worker", { topic: "orders", pushConfig });
  const [messageId] = await publish("hello");
  await eventually(() => world.pubsub.backlog(subscription) === 0, "the push is acknowledged");

  expect(world.pushes).toHaveLength(1);
  const [push] = world.pushes;
  expect(push?.body).toEqual({
    subscription,
    message: {
      data: Buffer.from("hello").toString("base64"),
      attributes: { traceparent: expect.stringContaining(TRACE) },
      messageId,
      message_id: messageId,
      publishTime: new Date(world.clock.now()).toISOString(),
      publish_time: new Date(world.clock.now()).toISOString(),
    },
  });
  const token = push?.authorization?.replace("Bearer ", "") ?? "";
  await expect(world.kernel.tokens.verifyIdToken(token, ["api"])).resolves.toMatchObject({ email: PUSHER });
});

test("pushes nothing that its service agent may not sign, says why, and pushes once it may", async () => {
  const grant = world.grant("roles/iam.serviceAccountOpenIdTokenCreator", AGENT, PUSHER_ACCOUNT);
  world.kernel.iam.switchOff(grant);
  const subscription = world.subscription("worker", { topic, pushConfig });
  await publish("hello");
  const failed = () => world.logs.filter(({ severity }) => severity === "WARNING");
  await eventually(() => failed().length > 0, "the push fails");

  expect(failed()[0]?.message).toContain(`${AGENT} does not have iam.serviceAccounts.getOpenIdToken`);
  expect(world.pushes).toHaveLength(0);
  world.kernel.iam.switchOn(grant);
  await passBackoff(subscription);
  await eventually(() => world.pubsub.backlog(subscription) === 0, "the push is acknowledged");
});

test("signs for the endpoint's URL where no audience is set, and not at all without an identity", async () => {
  world.subscription("own", {
    topic,
    pushConfig: { ...pushConfig, oidcToken: { serviceAccountEmail: PUSHER } },
  });
  world.subscription("open", { topic, pushConfig: { pushEndpoint: ENDPOINT } });
  await publish("hello");
  await eventually(() => world.pushes.length === 2, "both are pushed");

  const authorization = (name: string) =>
    world.pushes.find(({ body }) => body.subscription.endsWith(name))?.authorization;
  expect(authorization("/open")).toBeUndefined();
  const token = authorization("/own")?.replace("Bearer ", "") ?? "";
  await expect(world.kernel.tokens.verifyIdToken(token, [ENDPOINT])).resolves.toMatchObject({
    email: PUSHER,
  });
});

test.each([
  ["a failure", 500, 2],
  ["an acknowledgement", 204, 1],
])(
  "stores %s late where the disk took it late, and does not hold the message till its deadline",
  async (_, status, pushes) => {
    const retryPolicy = { minimumBackoff: "10s", maximumBackoff: "60s" };
    const subscription = world.subscription("worker", { topic, pushConfig, retryPolicy });
    world.answer = () => {
      world.kernel.db.exec("PRAGMA query_only = ON");
      return status;
    };
    await publish("hello");
    const told = () => world.logs.filter(({ message }) => message.includes("is not stored yet"));
    await eventually(() => told().length > 0, "the outcome is not stored");
    expect(world.leases(subscription)).toBe(1);

    world.kernel.db.exec("PRAGMA query_only = OFF");
    world.answer = () => 204;
    world.clock.advance(7_500);
    await eventually(() => world.leases(subscription) === 0, "the outcome is stored");
    if (world.pubsub.backlog(subscription) > 0) await passBackoff(subscription);
    await eventually(() => world.pubsub.backlog(subscription) === 0, "the message is done");
    expect(world.pushes).toHaveLength(pushes);
    expect(told()).toHaveLength(1);
  },
);

test("retries with growing delays, then dead-letters with the source in the attributes", async () => {
  const { subscription, deadSubscription } = withDeadLetters();
  world.answer = () => 500;
  const publishTime = new Date(world.clock.now()).toISOString();
  const [messageId] = await publish("poison");

  const delays: number[] = [];
  for (let attempt = 1; attempt < 5; attempt++) delays.push(await passBackoff(subscription));
  expect(delays).toEqual([10_000, 20_000, 40_000, 60_000]);
  await eventually(() => world.pubsub.backlog(subscription) === 0, "the message is dead-lettered");
  expect(world.pushes.map(({ body }) => body.deliveryAttempt)).toEqual([1, 2, 3, 4, 5]);

  const puller = await world.puller(SUBSCRIBER);
  const [{ receivedMessages }] = await puller.pull({ subscription: deadSubscription, maxMessages: 10 });
  expect(receivedMessages).toHaveLength(1);
  expect(receivedMessages?.[0]?.message?.data?.toString()).toBe("poison");
  expect(receivedMessages?.[0]?.message?.attributes).toEqual({
    traceparent: expect.stringContaining(TRACE),
    CloudPubSubDeadLetterSourceDeliveryCount: "5",
    CloudPubSubDeadLetterSourceSubscription: "worker",
    CloudPubSubDeadLetterSourceSubscriptionProject: "shop-local",
    CloudPubSubDeadLetterSourceTopicPublishTime: publishTime,
  });

  expect(world.logs.filter(({ severity, attempt }) => severity === "WARNING" && attempt === 2)).toEqual([
    expect.objectContaining({
      source: "pubsub",
      subscription,
      messageId,
      status: 500,
      body: "what the endpoint said",
      trace: TRACE,
    }),
  ]);
});

test.each(["pubsub.topics.publish", "pubsub.subscriptions.consume"] as const)(
  "keeps retrying, and says why, while Pub/Sub's service agent lacks %s",
  async (permission) => {
    const { subscription, deadSubscription, grants } = withDeadLetters();
    world.kernel.iam.switchOff(grants[permission]);
    world.answer = () => 500;
    await publish("poison");
    for (let attempt = 1; attempt <= 6; attempt++) await passBackoff(subscription);

    expect(world.pubsub.backlog(deadSubscription)).toBe(0);
    expect(world.logs.filter(({ severity }) => severity === "ERROR")[0]?.message).toContain(
      `${AGENT} does not have ${permission} on `,
    );
    world.kernel.iam.switchOn(grants[permission]);
    await eventually(() => world.pushes.length === 7, "it is pushed again");
    if (world.pubsub.backlog(deadSubscription) === 0)
      await eventually(() => world.pubsub.backlog(deadSubscription) === 1, "it is dead-lettered after all");
    expect(world.pubsub.backlog(subscription)).toBe(0);
  },
);

test("says that a message is lost when its dead-letter topic has no subscription", async () => {
  const { subscription, deadSubscription } = withDeadLetters();
  world.kernel.resources.remove(SUBSCRIPTION_KIND, deadSubscription);
  world.answer = () => 500;
  const [messageId] = await publish("poison");
  for (let attempt = 1; attempt < 5; attempt++) await passBackoff(subscription);
  await eventually(() => world.pubsub.backlog(subscription) === 0, "the message is gone");
  expect(world.logs.find(({ severity }) => severity === "ERROR")?.message).toBe(
    `Message ${messageId} of ${subscription} is lost: the dead-letter topic projects/shop-local/topics/dead has no subscription.`,
  );
});

test("a message whose push hangs holds up none of its neighbours, and fails at the acknowledgement deadline", async () => {
  const subscription = world.subscription("worker", { topic, pushConfig, ackDeadlineSeconds: 10 });
  let release: (status: number) => void = () => {};
  const held = new Promise<number>((resolve) => {
    release = resolve;
  });
  world.answer = ({ text }) => (text === "poison" ? held : 200);
  await publish("poison", ...Array.from({ length: 100 }, (_, index) => `neighbour ${index}`));
  await eventually(() => world.pubsub.backlog(subscription) === 1, "all neighbours are acknowledged");

  world.clock.advance(9_999);
  expect(world.delays(subscription)).toEqual([]);
  world.clock.advance(1);
  await eventually(() => world.delays(subscription).length === 1, "the poisoned one is put back");
  expect(world.logs.map(({ message }) => message).join()).toContain("no answer within 10 s");
  release(200);
  world.answer = () => 200;
  world.clock.advance(100);
  await eventually(() => world.pubsub.backlog(subscription) === 0, "its second push is acknowledged");
});

test("pushes few at a time at first, 64 with success, and few again after failures", async () => {
  const subscription = world.subscription("worker", { topic, pushConfig });
  let waiting: ((status: number) => void)[] = [];
  world.answer = () => new Promise((resolve) => waiting.push(resolve));
  await publish(...Array.from({ length: 300 }, (_, index) => `message ${index}`));
  for (const [expected, status] of [
    [4, 200],
    [64, 200],
    [64, 500],
    [4, 200],
  ] as const) {
    await eventually(() => waiting.length === expected, `${expected} are out`);
    expect(world.leases(subscription)).toBe(expected);
    const answers = waiting;
    waiting = [];
    for (const answer of answers) answer(status);
  }
  await eventually(() => waiting.length === 64, "the next are out");
  world.answer = () => 200;
  for (const answer of waiting) answer(200);
  world.clock.advance(1_000);
  await eventually(() => world.pubsub.backlog(subscription) === 0, "all are acknowledged");
  expect(new Set(world.pushes.map(({ text }) => text)).size).toBe(300);
});

test("a subscription gets what is published while it exists, and deleting it loses its backlog", async () => {
  await publish("before");
  world.answer = () => 500;
  const subscription = world.subscription("worker", { topic, pushConfig });
  await publish("during");
  await eventually(() => world.delays(subscription).some((delay) => delay > 0), "a retry is scheduled");
  world.kernel.resources.remove(SUBSCRIPTION_KIND, subscription);
  expect(world.pubsub.backlog(subscription)).toBe(0);

  world.answer = () => 200;
  world.subscription("worker", { topic, pushConfig });
  await publish("after");
  await eventually(() => world.pushes.some(({ text }) => text === "after"), "the last is pushed");
  expect(world.pushes.map(({ text }) => text)).toEqual(["during", "after"]);
  expect(world.kernel.db.prepare("SELECT COUNT(*) AS kept FROM pubsub_messages").get()?.kept).toBe(
    world.pubsub.backlog(subscription),
  );
});

test("an endpoint that changes gets the next attempt", async () => {
  world.answer = () => 500;
  const subscription = world.subscription("worker", { topic, pushConfig });
  await publish("hello");
  await passBackoff(subscription);
  await eventually(() => world.delays(subscription).some((delay) => delay > 0), "it failed twice");
  world.answer = () => 200;
  world.subscription("worker", { topic, pushConfig: { pushEndpoint: `${ENDPOINT}/v2` } });
  world.clock.advance(1_000);
  await eventually(() => world.pubsub.backlog(subscription) === 0, "it is acknowledged");
  expect(world.pushes.at(-1)?.authorization).toBeUndefined();
});
