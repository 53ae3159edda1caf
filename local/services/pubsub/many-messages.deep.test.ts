import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PubSub } from "@google-cloud/pubsub";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { PubSubProcess } from "./pubsub-process.ts";

const MESSAGES = 100_000;
/** All together are more than what the cloud may grow by. */
const BYTES = 4_000;
const MOST_GROWTH_MB = 250;
const WINDOW = 5_000;
const DEADLINE_MS = 400_000;
const PROJECT = "p";
const ACCOUNT = `robot@${PROJECT}.iam.gserviceaccount.com`;
const TOPIC = `projects/${PROJECT}/topics/orders`;
const SUBSCRIPTION = `projects/${PROJECT}/subscriptions/worker`;

let stateDir: string;
let cloud: PubSubProcess;
let client: PubSub;
const consumers = new Set<ChildProcess>();
/** How often each message was acknowledged. */
const seen = new Uint8Array(MESSAGES);
let returned = 0;
/** The cloud's memory before it had anything to do. */
let restingMb = 0;

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "pubsub-"));
  await startCloud();
});

afterEach(async () => {
  for (const consumer of consumers) consumer.kill("SIGKILL");
  await client.close();
  await cloud.kill();
  rmSync(stateDir, { recursive: true, force: true });
});

test("100,000 messages pass without loss and in bounded memory, through nacks, expiries, a dead consumer and a dead cloud", async () => {
  const growth: number[] = [];
  const watch = setInterval(() => growth.push(residentMb() - restingMb), 200);
  for (let index = 0; index < 3; index += 1) await startConsumer();

  await publishAll(0, 30_000);
  const [victim] = consumers;
  await kill(victim);
  await startConsumer();
  const overtaken = publishAll(30_000, 60_000);
  await until(() => count() > 35_000, "many are acknowledged");
  await cloud.kill();
  await startCloud();
  // Their ports were the old cloud's, as with instances that run in it.
  await Promise.all([...consumers].map(kill));
  for (let index = 0; index < 3; index += 1) await startConsumer();
  await overtaken;
  await publishAll(60_000, MESSAGES);

  await until(async () => (await cloud.backlog(SUBSCRIPTION)) === 0, "the backlog is empty");
  clearInterval(watch);

  expect(seen.indexOf(0)).toBe(-1);
  expect(returned).toBeGreaterThan(100);
  expect(Math.max(...growth)).toBeLessThan(MOST_GROWTH_MB);
});

async function startCloud(): Promise<void> {
  await client?.close();
  cloud = await PubSubProcess.start(stateDir);
  const member = `serviceAccount:${ACCOUNT}`;
  const resource = (kind: string, id: string, properties: object) => ({
    kind: `gcp:pubsub/${kind}`,
    id,
    urn: `urn:${id}`,
    properties: { project: PROJECT, ...properties },
  });
  await cloud.put(
    resource("topic:Topic", TOPIC, {}),
    resource("subscription:Subscription", SUBSCRIPTION, { topic: TOPIC }),
    resource("topicIAMMember:TopicIAMMember", "publisher", {
      topic: TOPIC,
      role: "roles/pubsub.publisher",
      member,
    }),
    resource("subscriptionIAMMember:SubscriptionIAMMember", "subscriber", {
      subscription: SUBSCRIPTION,
      role: "roles/pubsub.subscriber",
      member,
    }),
  );
  restingMb = residentMb();
  client = new PubSub({ projectId: PROJECT, apiEndpoint: await endpoint(), emulatorMode: true });
}

async function endpoint(): Promise<string> {
  return `127.0.0.1:${await cloud.port(ACCOUNT)}`;
}

/** In batches of a thousand, each again until the cloud has it. */
async function publishAll(from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += WINDOW) {
    let left = Array.from({ length: Math.min(WINDOW, to - start) }, (_, index) => start + index);
    await until(async () => {
      const topic = client.topic(TOPIC, {
        batching: { maxMessages: 1_000 },
        // Whoever publishes to a cloud that died hears of it soon.
        gaxOpts: { timeout: 5_000, retry: null },
      });
      const results = await Promise.allSettled(
        left.map((number) => topic.publishMessage({ data: Buffer.alloc(BYTES, `${number} `) })),
      );
      left = left.filter((_, index) => results[index]?.status === "rejected");
      return left.length === 0;
    }, `messages ${start} and up are published`);
  }
}

async function startConsumer(): Promise<void> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", CONSUMER], {
    env: { ...process.env, ENDPOINT: await endpoint() },
    stdio: ["ignore", "pipe", "inherit"],
  });
  consumers.add(child);
  child.once("exit", () => consumers.delete(child));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const number = Number(line);
    if (number >= 0) seen[number] = (seen[number] ?? 0) + 1;
    else returned += 1;
  });
}

async function kill(child: ChildProcess | undefined): Promise<void> {
  if (!child) throw new Error("There is no consumer to kill.");
  child.kill("SIGKILL");
  await once(child, "exit");
}

function count(): number {
  return seen.reduce((sum, times) => sum + (times > 0 ? 1 : 0), 0);
}

/** Of the cloud, in MB of 10⁶ bytes; 0 while there is none. */
function residentMb(): number {
  const file = `/proc/${cloud.pid}/status`;
  if (!existsSync(file)) return 0;
  const [, kibibytes = 0] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(file, "utf8")) ?? [];
  return (Number(kibibytes) * 1024) / 1e6;
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited ${DEADLINE_MS / 1000} s in vain until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Says each message's number before it acknowledges it; gives back every 500th once and forgets every 700th once. */
const CONSUMER = `
  import { writeSync } from "node:fs";
  import { Duration, PubSub } from ${JSON.stringify(import.meta.resolve("@google-cloud/pubsub"))};
  process.env.METADATA_SERVER_DETECTION = "none";
  const client = new PubSub({ projectId: "${PROJECT}", apiEndpoint: process.env.ENDPOINT, emulatorMode: true });
  const subscriber = client.subscription("${SUBSCRIPTION}", {
    flowControl: { maxMessages: 500 },
    streamingOptions: { maxStreams: 2 },
    maxExtensionTime: Duration.from({ seconds: 1 }),
  });
  const refused = new Set();
  subscriber.on("message", (message) => {
    const number = parseInt(message.data.toString("latin1", 0, 8), 10);
    if ((number % 500 === 0 || number % 700 === 0) && !refused.has(number)) {
      refused.add(number);
      writeSync(1, "-1\\n");
      if (number % 500 === 0) message.nack();
      return;
    }
    writeSync(1, number + "\\n");
    message.ack();
  });
  // Streams end with the cloud.
  subscriber.on("error", () => process.exit());
`;
