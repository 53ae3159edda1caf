import type { v1 } from "@google-cloud/pubsub";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { SUBSCRIPTION_KIND } from "./subscription-settings.ts";
import {
  AGENT,
  ENDPOINT,
  eventually,
  PROJECT,
  PUBLISHER,
  SUBSCRIBER,
  startWorld,
  type World,
} from "./testing/world.ts";

const WEEK_MS = 604_800_000;

let world: World;
let topic: string;
let subscription: string;
let puller: v1.SubscriberClient;

beforeEach(async () => {
  world = await startWorld();
  topic = world.topic("orders");
  subscription = world.subscription("reader", { topic });
  world.grant("roles/pubsub.publisher", PUBLISHER, topic);
  world.grant("roles/pubsub.subscriber", SUBSCRIBER, subscription);
  puller = await world.puller(SUBSCRIBER);
});

afterEach(() => world.stop());

async function publish(text: string, attributes: Record<string, string> = {}): Promise<string> {
  const client = await world.client(PUBLISHER);
  return client.topic(topic).publishMessage({ data: Buffer.from(text), attributes });
}

async function pull(returnImmediately = true): Promise<{ text: string; ackId: string; attempt: number }[]> {
  const [{ receivedMessages }] = await puller.pull({ subscription, maxMessages: 10, returnImmediately });
  return (receivedMessages ?? []).map(({ message, ackId, deliveryAttempt }) => ({
    text: message?.data?.toString() ?? "",
    ackId: ackId ?? "",
    attempt: deliveryAttempt ?? 0,
  }));
}

test("a lease that can't be ended keeps no other from ending, and is ended as soon as the disk takes it", async () => {
  const first = await publish("one");
  await publish("two");
  expect(await pull()).toHaveLength(2);
  const { db } = world.kernel;
  db.exec(
    `CREATE TEMP TRIGGER full BEFORE UPDATE ON main.pubsub_deliveries WHEN OLD.message_id = ${Number(first)}
     BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END`,
  );
  world.clock.advance(10_000);
  await eventually(() => world.leases(subscription) === 1, "the second is over");
  db.exec("DROP TRIGGER temp.full");
  world.clock.advance(5_000);
  await eventually(() => world.leases(subscription) === 0, "the first is over too");
});

test("a subscription whose deletion fails on a full disk leaves no backlog when it is deleted again", async () => {
  await publish("hello");
  const { db, resources } = world.kernel;
  db.exec(
    `CREATE TEMP TRIGGER full BEFORE DELETE ON main.pubsub_deliveries
     BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END`,
  );
  const remove = () => resources.remove(SUBSCRIPTION_KIND, subscription);
  expect(remove).toThrow("database or disk is full");
  db.exec("DROP TRIGGER temp.full");
  remove();
  world.subscription("reader", { topic });
  expect(await pull()).toEqual([]);
});

test("a pulled message is out until its deadline, and gone once acknowledged", async () => {
  await publish("hello");
  expect((await pull()).map(({ text }) => text)).toEqual(["hello"]);
  expect(await pull()).toEqual([]);

  world.clock.advance(10_000);
  await eventually(() => world.leases(subscription) === 0, "the lease is over");
  const [again] = await pull();
  await puller.acknowledge({ subscription, ackIds: [again?.ackId ?? ""] });
  expect(world.pubsub.backlog(subscription)).toBe(0);
  expect(world.kernel.db.prepare("SELECT COUNT(*) AS kept FROM pubsub_messages").get()?.kept).toBe(0);
});

test("an extended deadline keeps a message out, and a deadline of zero gives it back at once", async () => {
  await publish("hello");
  const [first] = await pull();
  const ackIds = [first?.ackId ?? ""];
  await puller.modifyAckDeadline({ subscription, ackIds, ackDeadlineSeconds: 60 });
  world.clock.advance(59_999);
  expect(await pull()).toEqual([]);
  await puller.modifyAckDeadline({ subscription, ackIds, ackDeadlineSeconds: 0 });
  expect(await pull()).toHaveLength(1);

  // The first lease is over: it can neither end the second nor prolong it.
  await puller.modifyAckDeadline({ subscription, ackIds, ackDeadlineSeconds: 0 });
  expect(await pull()).toEqual([]);
  await puller.modifyAckDeadline({ subscription, ackIds, ackDeadlineSeconds: 600 });
  world.clock.advance(10_000);
  await eventually(() => world.leases(subscription) === 0, "the second lease is over");
});

test("a pull waits for a message, and for one that backs off", async () => {
  const waiting = pull(false);
  await publish("hello");
  const [first] = await waiting;
  expect(first?.text).toBe("hello");

  world.subscription("reader", { topic, retryPolicy: { minimumBackoff: "10s" } });
  await puller.modifyAckDeadline({ subscription, ackIds: [first?.ackId ?? ""], ackDeadlineSeconds: 0 });
  expect(world.delays(subscription)).toEqual([10_000]);
  const second = pull(false);
  await publish("second");
  const [found] = await second;
  expect(found?.text).toBe("second");
  await puller.acknowledge({ subscription, ackIds: [found?.ackId ?? ""] });
  const third = pull(false);
  await eventually(() => {
    world.clock.advance(1_000);
    return world.leases(subscription) === 1;
  }, "the backoff is over");
  expect((await third).map(({ text }) => text)).toEqual(["hello"]);
});

test("a pulled message that is never acknowledged is dead-lettered too", async () => {
  const dead = world.topic("dead");
  const deadSubscription = world.subscription("dead", { topic: dead });
  world.grant("roles/pubsub.publisher", AGENT, dead);
  world.grant("roles/pubsub.subscriber", AGENT, subscription);
  world.subscription("reader", {
    topic,
    deadLetterPolicy: { deadLetterTopic: dead, maxDeliveryAttempts: 5 },
  });
  await publish("poison");
  for (let attempt = 1; attempt <= 5; attempt++) {
    expect((await pull()).map((message) => message.attempt)).toEqual([attempt]);
    world.clock.advance(10_000);
    await eventually(() => world.leases(subscription) === 0, "the lease is over");
  }
  expect(world.pubsub.backlog(subscription)).toBe(0);
  expect(world.pubsub.backlog(deadSubscription)).toBe(1);
});

test("drops what was kept for the subscription's retention", async () => {
  world.subscription("short", { topic, messageRetentionDuration: "600s" });
  await publish("hello");
  world.clock.advance(600_000);
  await eventually(
    () => world.pubsub.backlog(`projects/${PROJECT}/subscriptions/short`) === 0,
    "it is dropped",
  );
  world.clock.advance(WEEK_MS - 600_001);
  expect(world.pubsub.backlog(subscription)).toBe(1);
  world.clock.advance(1);
  await eventually(() => world.pubsub.backlog(subscription) === 0, "it is dropped there too");
});

test("says what went with a subscription, but for what others are owed too", async () => {
  const audit = world.subscription("audit", { topic });
  await publish("for both");
  world.kernel.resources.remove(SUBSCRIPTION_KIND, audit);
  expect(world.pubsub.backlogs()).toEqual({ [subscription]: 1 });
  expect(world.logs.filter(({ lost }) => lost !== undefined)).toEqual([]);

  await publish("for one");
  world.kernel.resources.remove(SUBSCRIPTION_KIND, subscription);
  expect(world.pubsub.backlogs()).toEqual({});
  expect(world.logs.filter(({ lost }) => lost !== undefined)).toEqual([
    expect.objectContaining({
      message: `Subscription ${subscription} is gone, and with it 2 messages that nobody else is owed.`,
      subscription,
      lost: 2,
    }),
  ]);
});

test("a call without the grant is refused, naming the permission", async () => {
  const client = await world.client(SUBSCRIBER);
  await expect(client.topic(topic).publishMessage({ data: Buffer.from("x") })).rejects.toMatchObject({
    code: status.PERMISSION_DENIED,
    message: expect.stringContaining(`Permission 'pubsub.topics.publish' denied`),
  });
  const stranger = await world.puller(PUBLISHER);
  const denied = {
    code: status.PERMISSION_DENIED,
    message: expect.stringContaining("pubsub.subscriptions.consume"),
  };
  await publish("hello");
  const [message] = await pull();
  const ackIds = [message?.ackId ?? ""];
  await expect(stranger.pull({ subscription, maxMessages: 1 })).rejects.toMatchObject(denied);
  await expect(stranger.acknowledge({ subscription, ackIds })).rejects.toMatchObject(denied);
  await expect(
    stranger.modifyAckDeadline({ subscription, ackIds, ackDeadlineSeconds: 0 }),
  ).rejects.toMatchObject(denied);
  expect(world.leases(subscription)).toBe(1);
});

test("what is not supported is refused by name", async () => {
  const client = await world.client(PUBLISHER);
  await expect(
    client
      .topic(topic, { messageOrdering: true })
      .publishMessage({ data: Buffer.from("x"), orderingKey: "k" }),
  ).rejects.toMatchObject({ code: status.UNIMPLEMENTED, message: expect.stringContaining("ordering keys") });
  await expect(client.createTopic("other")).rejects.toMatchObject({
    code: status.PERMISSION_DENIED,
    message: expect.stringContaining("CreateTopic is refused"),
  });
  await expect(puller.seek({ subscription, time: { seconds: 1 } })).rejects.toMatchObject({
    code: status.UNIMPLEMENTED,
    message: expect.stringContaining("seeking"),
  });
});

test.each([
  ["no data and no attributes", "", {}, "messages[0] must have data or at least one attribute"],
  ["an attribute of Google's own", "x", { google: "1" }, `must not start with "goog"; got "google"`],
  [
    "101 attributes",
    "x",
    Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`k${index}`, "v"])),
    "messages[0].attributes must be at most 100; got 101",
  ],
  ["a long key", "x", { ["k".repeat(257)]: "1" }, "must be 1 to 256 bytes; got 257"],
  ["a long value", "x", { k: "é".repeat(513) }, `attributes["k"] must be at most 1024 bytes; got 1026`],
  ["too much data", "x".repeat(10_000_001), {}, "at most 10000000 bytes a request; got 10000001"],
])("refuses a message with %s", async (_, text, attributes: Record<string, string>, problem) => {
  await expect(publish(text, attributes)).rejects.toMatchObject({
    code: status.INVALID_ARGUMENT,
    message: expect.stringContaining(problem),
  });
  expect(world.pubsub.backlog(subscription)).toBe(0);
});

test("a message of 10 MB arrives whole", async () => {
  const text = "x".repeat(10_000_000);
  await publish(text);
  const [message] = await pull();
  expect(message?.text === text).toBe(true);
});

test("an absent topic, a push subscription and a foreign acknowledgement id are refused", async () => {
  const absent = `projects/${PROJECT}/topics/absent`;
  world.grant("roles/pubsub.publisher", PUBLISHER, absent);
  const client = await world.client(PUBLISHER);
  await expect(client.topic("absent").publishMessage({ data: Buffer.from("x") })).rejects.toMatchObject({
    code: status.NOT_FOUND,
    message: expect.stringContaining(absent),
  });
  await expect(puller.acknowledge({ subscription, ackIds: ["bm9uZQ"] })).rejects.toMatchObject({
    code: status.INVALID_ARGUMENT,
    message: expect.stringContaining(`got "bm9uZQ"`),
  });
  world.subscription("reader", { topic, pushConfig: { pushEndpoint: ENDPOINT } });
  await expect(puller.pull({ subscription, maxMessages: 1 })).rejects.toMatchObject({
    code: status.FAILED_PRECONDITION,
  });
  world.kernel.resources.remove(SUBSCRIPTION_KIND, subscription);
  await expect(puller.pull({ subscription, maxMessages: 1 })).rejects.toMatchObject({
    code: status.NOT_FOUND,
  });
});

test("a subscription that asks for what is not supported is not served, says why, and keeps its backlog", async () => {
  await publish("hello");
  world.subscription("reader", { topic, filter: "attributes.x" });
  await expect(puller.pull({ subscription, maxMessages: 1 })).rejects.toMatchObject({
    code: status.NOT_FOUND,
  });
  expect(world.logs).toContainEqual({
    severity: "ERROR",
    source: "pubsub",
    message: `Subscription "${subscription}": filter is not supported by the local Pub/Sub.`,
  });
  world.subscription("reader", { topic });
  expect((await pull()).map(({ text }) => text)).toEqual(["hello"]);
});

test("topics and subscriptions are described, and topics listed by pages", async () => {
  world.topic("archive");
  const viewer = "viewer@example.iam.gserviceaccount.com";
  world.kernel.resources.put({
    kind: "gcp:projects/iAMMember:IAMMember",
    id: "viewer",
    urn: "urn:viewer",
    properties: { project: PROJECT, role: "roles/pubsub.viewer", member: `serviceAccount:${viewer}` },
  });
  const client = await world.client(viewer);
  const [page, next] = await client.getTopics({ pageSize: 1, autoPaginate: false });
  expect(page.map(({ name }) => name)).toEqual([`projects/${PROJECT}/topics/archive`]);
  const [rest, end] = await client.getTopics({ ...next, autoPaginate: false });
  expect(rest.map(({ name }) => name)).toEqual([topic]);
  expect(end).toBeNull();
  const [metadata] = await client.subscription("reader").getMetadata();
  expect(metadata).toMatchObject({ name: subscription, topic, ackDeadlineSeconds: 10 });
  expect(String(metadata.messageRetentionDuration?.seconds)).toBe("604800");
});
