import {
  type Message,
  SubscriptionCloseBehaviors,
  type SubscriptionOptions,
  type v1,
} from "@google-cloud/pubsub";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { SUBSCRIPTION_KIND } from "./subscription-settings.ts";
import {
  AGENT,
  ENDPOINT,
  eventually,
  PUBLISHER,
  SUBSCRIBER,
  startWorld,
  type World,
} from "./testing/world.ts";

let world: World;
let topic: string;
let subscription: string;

beforeEach(async () => {
  world = await startWorld();
  topic = world.topic("orders");
  subscription = world.subscription("reader", { topic });
  world.grant("roles/pubsub.publisher", PUBLISHER, topic);
  world.grant("roles/pubsub.subscriber", SUBSCRIBER, subscription);
});

afterEach(async () => {
  await Promise.all(endings.splice(0).map((end) => end()));
  await world.stop();
});

/** Ends what a test opened, however it went. */
const endings: (() => Promise<void>)[] = [];

function publish(...texts: readonly string[]): void {
  for (const text of texts) world.pubsub.publish(topic, { data: Buffer.from(text) });
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index));

/** Google's subscriber with all that it does by itself: streams, leases, flow control. */
async function subscribe(options: SubscriptionOptions, onMessage: (message: Message) => void) {
  const client = await world.client(SUBSCRIBER);
  // What a failing test still holds must not hold up its end.
  const closeOptions = { behavior: SubscriptionCloseBehaviors.NackImmediately };
  const subscriber = client.subscription("reader", { closeOptions, ...options });
  const errors: unknown[] = [];
  subscriber.on("message", onMessage).on("error", (error) => errors.push(error));
  endings.push(() => subscriber.close());
  return { errors, close: () => subscriber.close() };
}

type Received = { ackId: string; text: string; attempt: number };

/** One bare stream, which extends and acknowledges nothing by itself. */
async function openStream(first: object = {}) {
  const puller: v1.SubscriberClient = await world.puller(SUBSCRIBER);
  const stream = puller.streamingPull({});
  const received: Received[] = [];
  const state: { answers: number; ended: boolean; error?: { code: number; message: string } } = {
    answers: 0,
    ended: false,
  };
  stream.on("end", () => {
    state.ended = true;
  });
  stream.on("data", ({ receivedMessages }) => {
    state.answers += 1;
    for (const { ackId, message, deliveryAttempt } of receivedMessages) {
      received.push({ ackId, text: message.data.toString(), attempt: deliveryAttempt });
    }
  });
  stream.on("error", (error) => {
    state.error = error as unknown as { code: number; message: string };
  });
  endings.push(async () => {
    if (state.error || state.ended) return;
    const ended = new Promise<void>((resolve) => stream.once("error", () => resolve()));
    stream.cancel();
    await ended;
  });
  stream.write({ subscription, streamAckDeadlineSeconds: 10, ...first });
  const texts = () => received.map(({ text }) => text);
  return { stream, received, texts, state };
}

test("Google's subscriber gets each message once, and what it acknowledges is gone", async () => {
  const seen: string[] = [];
  const { close, errors } = await subscribe({}, (message) => {
    seen.push(message.data.toString());
    message.ack();
  });
  publish(...numbers(300));
  await eventually(() => world.pubsub.backlog(subscription) === 0, "all are acknowledged");
  expect(seen.sort()).toEqual(numbers(300).sort());
  await close();
  expect(errors).toEqual([]);
});

test("a stream goes on by itself once a full disk has room again", async () => {
  const { texts } = await openStream();
  const { db } = world.kernel;
  db.exec(
    `CREATE TEMP TRIGGER full BEFORE UPDATE ON main.pubsub_deliveries
     BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END`,
  );
  publish("hello");
  const failed = () => world.logs.some(({ message }) => message.includes("disk is full"));
  await eventually(failed, "a lease fails");
  db.exec("DROP TRIGGER temp.full");
  world.clock.advance(5_000);
  await eventually(() => texts().length === 1, "it is served");
  expect(texts()).toEqual(["hello"]);
});

test("no more is out than a client's flow control allows, in messages and in bytes", async () => {
  publish(...numbers(50));
  const held: Message[] = [];
  const options = { flowControl: { maxMessages: 7 }, streamingOptions: { maxStreams: 1 } };
  const { close } = await subscribe(options, (message) => held.push(message));
  for (let done = 0; done < 50; ) {
    await eventually(() => held.length === Math.min(7, 50 - done), "it has as many as it wants");
    expect(world.leases(subscription)).toBe(held.length);
    done += held.length;
    for (const message of held.splice(0)) message.ack();
  }
  await close();

  await eventually(() => world.pubsub.backlog(subscription) === 0, "all are acknowledged");
  publish(...numbers(9).map((text) => text.repeat(1_000)));
  const { received, stream } = await openStream({ maxOutstandingBytes: 2_500 });
  // As at Google nothing goes out once the limit is reached; the third is what reaches it.
  for (const count of [3, 6, 9]) {
    await eventually(() => received.length === count, `${count} have come`);
    expect(world.leases(subscription)).toBe(3);
    stream.write({ ackIds: received.slice(-3).map(({ ackId }) => ackId) });
  }
});

test("what is given back, or not acknowledged in time, comes again, in the end as a dead letter", async () => {
  const dead = world.topic("dead");
  const deadSubscription = world.subscription("dead", { topic: dead });
  world.grant("roles/pubsub.publisher", AGENT, dead);
  world.grant("roles/pubsub.subscriber", AGENT, subscription);
  world.subscription("reader", {
    topic,
    deadLetterPolicy: { deadLetterTopic: dead, maxDeliveryAttempts: 5 },
  });
  publish("poison");
  const { received, stream } = await openStream({ maxOutstandingMessages: 1 });
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    await eventually(() => received.length === attempt, `it comes for the ${attempt}th time`);
    const [last] = received.slice(-1);
    expect(last).toMatchObject({ text: "poison", attempt });
    if (attempt % 2 === 0) world.clock.advance(10_000);
    else stream.write({ modifyDeadlineAckIds: [last?.ackId], modifyDeadlineSeconds: [0] });
  }
  await eventually(() => world.pubsub.backlog(deadSubscription) === 1, "it is dead-lettered");
  expect(world.pubsub.backlog(subscription)).toBe(0);
  // The place that it held on the stream is free.
  publish("next");
  await eventually(() => received.at(-1)?.text === "next", "the next one comes");
});

test("an extension keeps a message out, and the stream's own deadline holds for what follows", async () => {
  publish("slow");
  const { received, stream } = await openStream();
  await eventually(() => received.length === 1, "it comes");
  stream.write({ modifyDeadlineAckIds: [received[0]?.ackId], modifyDeadlineSeconds: [60] });
  stream.write({ streamAckDeadlineSeconds: 300 });
  await eventually(() => leaseEnds()[0] === 60_000, "it is extended");
  publish("slower");
  await eventually(() => received.length === 2, "the next comes");
  expect(leaseEnds()).toEqual([60_000, 300_000]);
  world.clock.advance(59_999);
  expect(world.leases(subscription)).toBe(2);
  world.clock.advance(1);
  await eventually(() => received.length === 3, "the first comes again");
  expect(received[2]?.text).toBe("slow");
});

test("many streams share a subscription, and a dead one's messages go to the others at their deadline", async () => {
  const streams = await Promise.all(numbers(8).map(() => openStream({ maxOutstandingMessages: 10 })));
  publish(...numbers(80));
  await eventually(() => world.leases(subscription) === 80, "all are out");
  await eventually(() => streams.every(({ received }) => received.length === 10), "each has its share");

  const [dying, ...living] = streams;
  dying?.stream.cancel();
  for (const { stream, received } of living) stream.write({ ackIds: received.map(({ ackId }) => ackId) });
  await eventually(() => world.pubsub.backlog(subscription) === 10, "the others acknowledge theirs");
  expect(world.leases(subscription)).toBe(10);
  world.clock.advance(10_000);
  const again = () => living.flatMap(({ texts }) => texts().slice(10)).sort();
  await eventually(() => again().length === 10, "the dead one's come again");
  expect(again()).toEqual(dying?.texts().sort());
});

test("a client that reads nothing holds up neither the others nor the cloud's memory", async () => {
  publish(...numbers(60).map(() => "x".repeat(1_000_000)));
  const puller = await world.puller(SUBSCRIBER);
  await puller.initialize();
  // As Google's subscriber opens it: a stream without a buffer of its own beyond gRPC's and the sockets', some 30 MB.
  const stub = (await puller.subscriberStub) as unknown as Pick<v1.SubscriberClient, "streamingPull">;
  const stuck = stub.streamingPull();
  stuck.on("error", () => {});
  stuck.write({ subscription, streamAckDeadlineSeconds: 600 });
  await eventually(() => world.leases(subscription) > 10, "it gets some of what its buffers take");
  const reading = await openStream({ streamAckDeadlineSeconds: 600 });
  await eventually(() => world.leases(subscription) === 60, "the rest goes to who reads");
  await eventually(() => reading.received.length >= 10, "and arrives");
  stuck.cancel();
});

test("asking for a sign of life is answered, and a client that ends its stream ends it well", async () => {
  const { stream, state } = await openStream({ protocolVersion: 1 });
  stream.write({});
  await eventually(() => state.answers === 1, "the stream lives");
  const ended = new Promise((resolve) => stream.once("end", resolve));
  stream.end();
  await ended;
  expect(state.error).toBeUndefined();
});

test("a stream ends with its subscription, its grant or the cloud, and says why", async () => {
  publish("hello");
  const one = { flowControl: { maxMessages: 1 }, streamingOptions: { maxStreams: 1 } };
  const { errors } = await subscribe(one, () => {});
  await eventually(() => world.leases(subscription) === 1, "Google's stream is open");
  const { stream, state } = await openStream();
  stream.write({});
  await eventually(() => state.answers > 0, "and so is another");
  world.kernel.iam.switchOff(`${subscription}/roles/pubsub.subscriber/serviceAccount:${SUBSCRIBER}`);
  stream.write({});
  await eventually(() => state.error?.code === status.PERMISSION_DENIED, "the grant is missed");
  expect(state.error?.message).toContain("pubsub.subscriptions.consume");
  world.kernel.iam.switchOn(`${subscription}/roles/pubsub.subscriber/serviceAccount:${SUBSCRIBER}`);

  world.kernel.resources.remove(SUBSCRIPTION_KIND, subscription);
  const codes = () => errors.map((error) => (error as { code: number }).code);
  await eventually(() => codes().includes(status.NOT_FOUND), "Google's subscriber gives up");

  world.subscription("reader", { topic });
  const second = await openStream({});
  publish("again");
  await eventually(() => second.received.length === 1, "the new subscription is served");
  world.subscription("reader", { topic, pushConfig: { pushEndpoint: ENDPOINT } });
  await eventually(() => second.state.error?.code === status.FAILED_PRECONDITION, "it is pushed now");

  world.subscription("reader", { topic });
  const third = await openStream();
  third.stream.write({});
  await eventually(() => third.state.answers > 0, "the third is open");
  await world.pubsub.stop();
  await eventually(() => third.state.error?.code === status.UNAVAILABLE, "the cloud says that it stops");
});

test.each<[string, object, object | undefined, string]>([
  ["no subscription", { subscription: "" }, undefined, "pubsub.subscriptions.consume"],
  ["a short deadline", { streamAckDeadlineSeconds: 9 }, undefined, "must be 10 to 600; got 9"],
  ["no deadline", { streamAckDeadlineSeconds: 0 }, undefined, "must be 10 to 600; got 0"],
  ["its subscription twice", {}, { subscription: "s" }, `subscription must be absent after a stream's first`],
  ["a later limit", {}, { maxOutstandingMessages: 3 }, "maxOutstandingMessages must be absent"],
  [
    "fewer deadlines than ids",
    {},
    { modifyDeadlineAckIds: ["a"] },
    "as many as modifyDeadlineAckIds, 1; got 0",
  ],
  ["a foreign id", {}, { ackIds: ["bm9uZQ"] }, `got "bm9uZQ"`],
  [
    "a long extension",
    {},
    { modifyDeadlineAckIds: ["a"], modifyDeadlineSeconds: [601] },
    "ackDeadlineSeconds must be 0 to 600; got 601",
  ],
])("refuses a stream with %s", async (_, first, later, problem) => {
  const { stream, state } = await openStream(first);
  if (later) stream.write(later);
  await eventually(() => state.error !== undefined, "it is refused");
  expect(state.error?.message).toContain(problem);
});

/** Milliseconds until each lease is over. */
function leaseEnds(): number[] {
  return world.kernel.db
    .prepare("SELECT due_at FROM pubsub_deliveries WHERE leased = 1 ORDER BY message_id")
    .all()
    .map(({ due_at }) => Number(due_at) - world.clock.now());
}
