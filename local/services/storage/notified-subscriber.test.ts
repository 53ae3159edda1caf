import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Message, PubSub } from "@google-cloud/pubsub";
import { Storage } from "@google-cloud/storage";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { LocalPubSub } from "../pubsub/local-pubsub.ts";
import { type OwnedKernel, startKernel } from "../start-kernel.ts";
import { CloudStorage } from "./cloud-storage.ts";
import { serviceAgent } from "./service-agent.ts";

const ROBOT = "robot@p.iam.gserviceaccount.com";
const TOPIC = "projects/p/topics/changes";
const SUBSCRIPTION = "projects/p/subscriptions/watcher";

// Google's clients look for a metadata server even when they are told to send no credentials.
process.env.METADATA_SERVER_DETECTION = "none";

let stateDir: string;
let kernel: OwnedKernel;
let pubsub: LocalPubSub;
let client: PubSub;

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "notified-"));
  kernel = await startKernel({ stateDir, portBase: "any" });
  const put = (kind: string, id: string, properties: object) =>
    kernel.resources.put({ kind: `gcp:${kind}`, id, urn: `urn:${id}`, properties: { ...properties } });
  const grant = (kind: string, on: object, role: string, email: string) =>
    put(kind, role, { project: "p", ...on, role, member: `serviceAccount:${email}` });
  put("storage/bucket:Bucket", "b", { project: "p" });
  put("pubsub/topic:Topic", TOPIC, {});
  put("pubsub/subscription:Subscription", SUBSCRIPTION, { topic: TOPIC });
  put("storage/notification:Notification", "b/notificationConfigs/1", {
    topic: TOPIC,
    payloadFormat: "JSON_API_V1",
  });
  grant("storage/bucketIAMMember:BucketIAMMember", { bucket: "b" }, "roles/storage.objectAdmin", ROBOT);
  grant(
    "pubsub/topicIAMMember:TopicIAMMember",
    { topic: TOPIC },
    "roles/pubsub.publisher",
    serviceAgent("p").email,
  );
  grant(
    "pubsub/subscriptionIAMMember:SubscriptionIAMMember",
    { subscription: SUBSCRIPTION },
    "roles/pubsub.subscriber",
    ROBOT,
  );
  const storage = new CloudStorage(kernel, { publish: (...message) => pubsub.publish(...message) });
  pubsub = new LocalPubSub(kernel, { post: async () => ({ status: 204, body: "" }) });
  kernel.identities.serveHttp(storage.api);
  kernel.identities.serveGrpc(...pubsub.apis);
  await pubsub.start();
  const { grpc } = await kernel.identities.endpoints(ROBOT);
  client = new PubSub({ projectId: "p", apiEndpoint: `127.0.0.1:${grpc}`, emulatorMode: true });
});

afterEach(async () => {
  await client.close();
  await pubsub.stop();
  await kernel.stop();
  rmSync(stateDir, { recursive: true });
});

test("what Google's Storage client writes, Google's Pub/Sub client hears of", async () => {
  process.env.STORAGE_EMULATOR_HOST = `http://127.0.0.1:${(await kernel.identities.endpoints(ROBOT)).http}`;
  const bucket = new Storage({ projectId: "p" }).bucket("b");
  delete process.env.STORAGE_EMULATOR_HOST;
  const subscriber = client.subscription("watcher");
  const heard = new Promise<Message>((resolve) => {
    subscriber.on("message", (message: Message) => {
      message.ack();
      if (message.attributes.eventType === "OBJECT_DELETE") resolve(message);
    });
  });
  await bucket.file("orders/1").save("x");
  await bucket.file("orders/1").delete();
  const message = await heard;
  expect(message.attributes).toMatchObject({ bucketId: "b", objectId: "orders/1" });
  expect(JSON.parse(message.data.toString())).toMatchObject({ name: "orders/1", size: "1" });
  await subscriber.close();
  expect(pubsub.backlog(SUBSCRIPTION)).toBe(0);
});

test("a write that is undone tells nobody", () => {
  const storage = new CloudStorage(kernel, {
    publish: (...message) => {
      pubsub.publish(...message);
      return "1";
    },
  });
  kernel.db.exec("BEGIN");
  storage.write("b", "o", Buffer.from("x"));
  expect(pubsub.backlog(SUBSCRIPTION)).toBe(1);
  kernel.db.exec("ROLLBACK");
  expect(storage.find("b", "o")).toBeUndefined();
  expect(pubsub.backlog(SUBSCRIPTION)).toBe(0);
});
