import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PubSub, type SubscriptionOptions } from "@google-cloud/pubsub";
import { PubSubProcess } from "../local/services/pubsub/pubsub-process.ts";
import type { Figure, Measurement } from "./measurement.ts";
import { cpuSeconds, residentMegabytes } from "./process-usage.ts";

const MESSAGES = 100_000;
const PUSHES = 10_000;
const BYTES = 200;
const PROJECT = "bench";
const ACCOUNT = `bench@${PROJECT}.iam.gserviceaccount.com`;
const DEADLINE_MS = 300_000;
/** Counting a backlog is work too. */
const POLL_MS = 250;

const topic = (name: string) => `projects/${PROJECT}/topics/${name}`;
const subscription = (name: string) => `projects/${PROJECT}/subscriptions/${name}`;

export const messages: Measurement = {
  name: "messages",
  description: "Messages through the local Pub/Sub, by Google's client",
  conditions: `${MESSAGES} messages of ${BYTES} bytes, ${PUSHES} of them pushed; publishing, pulling and pushing one after the other; Pub/Sub in a process of its own, its clients in one other`,
  async run(say) {
    const stateDir = mkdtempSync(join(tmpdir(), "bench-messages-"));
    const endpoint = createServer((request, response) => {
      request.resume().once("end", () => response.writeHead(204).end());
    }).listen(0, "127.0.0.1");
    await once(endpoint, "listening");
    const { port } = endpoint.address() as AddressInfo;
    const cloud = await PubSubProcess.start(stateDir, `http://127.0.0.1:${port}/`);
    try {
      return await measure(cloud, say);
    } finally {
      await cloud.stop();
      endpoint.closeAllConnections();
      endpoint.close();
      rmSync(stateDir, { recursive: true });
    }
  },
};

async function measure(cloud: PubSubProcess, say: (line: string) => void): Promise<Figure[]> {
  await cloud.put(
    resource("topic", "Topic", topic("pulled"), {}),
    resource("subscription", "Subscription", subscription("pulled"), { topic: topic("pulled") }),
    resource("topic", "Topic", topic("pushed"), {}),
    resource("subscription", "Subscription", subscription("pushed"), {
      topic: topic("pushed"),
      pushConfig: { pushEndpoint: "https://worker.test/" },
    }),
    grant("topicIAMMember", "TopicIAMMember", { topic: topic("pulled"), role: "roles/pubsub.publisher" }),
    grant("topicIAMMember", "TopicIAMMember", { topic: topic("pushed"), role: "roles/pubsub.publisher" }),
    grant("subscriptionIAMMember", "SubscriptionIAMMember", {
      subscription: subscription("pulled"),
      role: "roles/pubsub.subscriber",
    }),
  );
  const apiEndpoint = `127.0.0.1:${await cloud.port(ACCOUNT)}`;
  await using client = new DisposableClient({ projectId: PROJECT, apiEndpoint, emulatorMode: true });

  const cpu = { publish: cpuSeconds(cloud.pid) ?? 0, pull: 0, end: 0 };
  const publishing = await seconds(() => publish(client, topic("pulled"), MESSAGES));
  say(`published ${MESSAGES}`);
  cpu.pull = cpuSeconds(cloud.pid) ?? 0;
  const pulling = await seconds(async () => {
    const subscriber = consume(client, subscription("pulled"));
    await until(async () => (await cloud.backlog(subscription("pulled"))) === 0);
    await subscriber.close();
  });
  cpu.end = cpuSeconds(cloud.pid) ?? 0;
  say(`pulled ${MESSAGES}`);
  const pushing = await seconds(async () => {
    await publish(client, topic("pushed"), PUSHES);
    await until(async () => (await cloud.backlog(subscription("pushed"))) === 0);
  });
  const note = (seconds: number) => `${((seconds / MESSAGES) * 1e6).toFixed(0)} µs of the cloud's CPU each`;
  return [
    { name: "publish", value: MESSAGES / publishing, unit: "per s", note: note(cpu.pull - cpu.publish) },
    { name: "streaming pull", value: MESSAGES / pulling, unit: "per s", note: note(cpu.end - cpu.pull) },
    { name: "push", value: PUSHES / pushing, unit: "per s", note: "published and pushed at once" },
    { name: "memory afterwards", value: residentMegabytes(cloud.pid) ?? 0, unit: "MB" },
  ];
}

class DisposableClient extends PubSub {
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function publish(client: PubSub, name: string, count: number): Promise<void> {
  const publisher = client.topic(name, { batching: { maxMessages: 1_000, maxMilliseconds: 5 } });
  const data = Buffer.alloc(BYTES, "x");
  await Promise.all(Array.from({ length: count }, () => publisher.publishMessage({ data })));
}

function consume(client: PubSub, name: string) {
  const options: SubscriptionOptions = { batching: { maxMessages: 1_000 } };
  const subscriber = client.subscription(name, options);
  subscriber.on("message", (message) => message.ack());
  subscriber.on("error", (error) => {
    throw error;
  });
  return subscriber;
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}

async function until(isDone: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await isDone())) {
    if (Date.now() > deadline) throw new Error(`Messages were left after ${DEADLINE_MS / 1000} s.`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function resource(module: string, kind: string, id: string, properties: object) {
  return { kind: `gcp:pubsub/${module}:${kind}`, id, urn: `urn:${id}`, properties: { ...properties } };
}

function grant(module: string, kind: string, properties: { role: string; [on: string]: string }) {
  const id = Object.values(properties).join("/");
  return resource(module, kind, id, { project: PROJECT, member: `serviceAccount:${ACCOUNT}`, ...properties });
}
