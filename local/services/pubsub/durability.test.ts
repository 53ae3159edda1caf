import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "@jest/globals";
import { ENDPOINT, eventually, PUBLISHER, startWorld } from "./testing/world.ts";

test("messages, attempts and due times outlive a restart", async () => {
  const before = await startWorld();
  const topic = before.topic("orders");
  before.grant("roles/pubsub.publisher", PUBLISHER, topic);
  const subscription = before.subscription("worker", {
    topic,
    pushConfig: { pushEndpoint: ENDPOINT },
    retryPolicy: { minimumBackoff: "10s", maximumBackoff: "600s" },
    deadLetterPolicy: { deadLetterTopic: topic, maxDeliveryAttempts: 100 },
  });
  before.answer = ({ text }) => (text === "good" ? 200 : 500);
  const client = await before.client(PUBLISHER);
  await client.topic(topic).publishMessage({ data: Buffer.from("good") });
  await client.topic(topic).publishMessage({ data: Buffer.from("bad") });
  await eventually(() => before.delays(subscription)[0] === 10_000, "one is acknowledged and one backs off");
  await before.stop({ keepState: true });

  const after = await startWorld(before.stateDir, before.clock.now() + 4_000);
  try {
    expect(after.delays(subscription)).toEqual([6_000]);
    after.clock.advance(6_000);
    await eventually(() => after.pubsub.backlog(subscription) === 0, "the retry is acknowledged");
    expect(after.pushes.map(({ text, body }) => [text, body.deliveryAttempt])).toEqual([["bad", 2]]);
  } finally {
    await after.stop();
  }
});

test("a clock that was set back by an hour meanwhile holds a message up for ten minutes at most", async () => {
  const before = await startWorld();
  const topic = before.topic("orders");
  const retryPolicy = { minimumBackoff: "60s", maximumBackoff: "600s" };
  const pushConfig = { pushEndpoint: ENDPOINT };
  const subscription = before.subscription("worker", { topic, pushConfig, retryPolicy });
  before.answer = () => 500;
  before.pubsub.publish(topic, { data: Buffer.from("hello") });
  await eventually(() => before.delays(subscription)[0] === 60_000, "it backs off");
  await before.stop({ keepState: true });

  const after = await startWorld(before.stateDir, before.clock.now() - 3_600_000);
  try {
    expect(after.delays(subscription)).toEqual([600_000]);
  } finally {
    await after.stop();
  }
});

test("stopping gives up a push that hangs, and keeps its message", async () => {
  const before = await startWorld();
  const topic = before.topic("orders");
  const subscription = before.subscription("worker", { topic, pushConfig: { pushEndpoint: ENDPOINT } });
  before.answer = () => new Promise(() => {});
  before.pubsub.publish(topic, { data: Buffer.from("hello") });
  await eventually(() => before.pushes.length === 1, "it is out");
  await before.stop({ keepState: true });
  expect(before.logs.at(-1)?.message).toContain("the local cloud stops");

  const after = await startWorld(before.stateDir, before.clock.now() + 100);
  try {
    await eventually(() => after.pubsub.backlog(subscription) === 0, "it is pushed again");
    expect(after.pushes.map(({ text }) => text)).toEqual(["hello"]);
  } finally {
    await after.stop();
  }
});

test("a kill -9 loses nothing that was published, also when it was out for delivery", async () => {
  const stateDir = mkdtempSync(join(tmpdir(), "pubsub-"));
  const publisher = spawn(process.execPath, ["--input-type=module", "-e", PUBLISH_AND_DIE], {
    env: { ...process.env, STATE_DIR: stateDir },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output, [, signal]] = await Promise.all([text(publisher.stdout), once(publisher, "exit")]);
  expect(signal).toBe("SIGKILL");
  const published = output.trim().split("\n");
  expect(published).toHaveLength(10);

  const world = await startWorld(stateDir);
  try {
    const subscription = "projects/shop-local/subscriptions/worker";
    expect(world.pubsub.backlog(subscription)).toBe(10);
    await eventually(
      () => world.pubsub.backlog(subscription) === 4 && world.leases(subscription) === 0,
      "those that were not out are pushed, and those that were count as failed",
    );
    world.clock.advance(100);
    await eventually(() => world.pubsub.backlog(subscription) === 0, "all are pushed");
    expect(world.pushes.map(({ body }) => body.message.messageId).sort()).toEqual(published.sort());
    expect(world.pushes.filter(({ body }) => body.deliveryAttempt === 2)).toHaveLength(4);
  } finally {
    await world.stop();
    rmSync(stateDir, { recursive: true, force: true });
  }
});

/** Publishes ten messages to an endpoint that never answers, says their ids and dies once four are out. */
const PUBLISH_AND_DIE = `
  import { startKernel } from ${JSON.stringify(new URL("../start-kernel.ts", import.meta.url).href)};
  import { LocalPubSub } from ${JSON.stringify(new URL("./local-pubsub.ts", import.meta.url).href)};
  const kernel = await startKernel({ stateDir: process.env.STATE_DIR, portBase: "any" });
  const topic = "projects/shop-local/topics/orders";
  kernel.resources.put({ kind: "gcp:pubsub/topic:Topic", id: topic, urn: "urn:topic", properties: {} });
  kernel.resources.put({
    kind: "gcp:pubsub/subscription:Subscription",
    id: "projects/shop-local/subscriptions/worker",
    urn: "urn:subscription",
    properties: {
      topic,
      pushConfig: { pushEndpoint: "${ENDPOINT}" },
      deadLetterPolicy: { deadLetterTopic: topic, maxDeliveryAttempts: 100 },
    },
  });
  let out = 0;
  const pubsub = new LocalPubSub(kernel, {
    post: () => {
      out += 1;
      if (out === 4) process.kill(process.pid, "SIGKILL");
      return new Promise(() => {});
    },
  });
  await pubsub.start();
  const ids = Array.from({ length: 10 }, (_, index) => pubsub.publish(topic, { data: Buffer.from(String(index)) }));
  process.stdout.write(ids.join("\\n"));
`;
