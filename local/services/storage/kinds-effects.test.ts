import grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { GCP } from "../google/package.ts";
import { TestSession, urnOf } from "../testing/session.ts";
import { serviceAgent } from "./service-agent.ts";

const BUCKET = "gcp:storage/bucket:Bucket";
const OBJECT = "gcp:storage/bucketObject:BucketObject";
const NOTIFICATION = "gcp:storage/notification:Notification";
const TOPIC = "gcp:pubsub/topic:Topic";
const GRANT = "gcp:pubsub/topicIAMMember:TopicIAMMember";

let session: TestSession;

beforeAll(async () => {
  session = await TestSession.start(GCP);
  await session.configure({ "gcp:config:project": "acme", "gcp:config:region": "europe-west1" });
});

afterAll(() => session.stop());

async function makeBucket(name: string, properties: object = {}): Promise<string> {
  await session.make(urnOf(BUCKET, name), { name, location: "EU", ...properties });
  return name;
}

test("an object has the headers and the class that the program gave it", async () => {
  const bucket = await makeBucket("acme-headers", { storageClass: "NEARLINE" });
  const headers = { cacheControl: "no-store", contentLanguage: "de", contentEncoding: "identity" };
  const plain = await session.make(urnOf(OBJECT, "plain"), { bucket, name: "plain", content: "x" });
  expect(plain.properties).toMatchObject({ storageClass: "NEARLINE" });
  const inputs = { bucket, name: "o", content: "x", ...headers, storageClass: "COLDLINE" };
  const { properties } = await session.make(urnOf(OBJECT, "o"), inputs);
  expect(properties).toMatchObject({ ...headers, storageClass: "COLDLINE" });
  expect(session.storage.find(bucket, "o")?.attributes).toMatchObject({
    ...headers,
    storageClass: "COLDLINE",
  });
});

test("a locked retention policy neither shrinks nor goes, and may grow", async () => {
  const retention = (retentionPeriod: string, isLocked = true) => ({
    retentionPolicy: { retentionPeriod, isLocked },
  });
  await makeBucket("acme-locked", retention("3600"));
  await makeBucket("acme-locked", retention("7200"));
  for (const looser of [retention("3600"), retention("7200", false), {}]) {
    await expect(makeBucket("acme-locked", looser)).rejects.toMatchObject({
      code: grpc.status.PERMISSION_DENIED,
      details: expect.stringMatching(/is locked at 7200 s: .*bucket-lock/),
    });
  }
});

test("a bucket that holds retained objects does not go, even by force", async () => {
  const bucket = await makeBucket("acme-kept", {
    forceDestroy: true,
    retentionPolicy: { retentionPeriod: "3600" },
  });
  session.storage.write(bucket, "o", Buffer.from("x"));
  await expect(session.delete(urnOf(BUCKET, bucket), bucket)).rejects.toMatchObject({
    details: expect.stringContaining("its retention policy keeps"),
  });
  expect(session.storage.find(bucket, "o")).toBeDefined();
});

test("a notification is made once the service agent may publish, up to ten for an event", async () => {
  const bucket = await makeBucket("acme-told");
  const { id: topic } = await session.make(urnOf(TOPIC, "changes"), { name: "changes" });
  const make = (name: string, eventTypes: readonly string[]) =>
    session.make(urnOf(NOTIFICATION, name), { bucket, topic, payloadFormat: "NONE", eventTypes });
  await expect(make("early", ["OBJECT_DELETE"])).rejects.toMatchObject({
    code: grpc.status.PERMISSION_DENIED,
    details: expect.stringMatching(
      /gs-project-accounts\S+ must have pubsub\.topics\.publish on projects\/acme\/topics\/changes/,
    ),
  });
  await session.make(urnOf(GRANT, "agent"), {
    topic,
    role: "roles/pubsub.publisher",
    member: `serviceAccount:${serviceAgent("acme").email}`,
  });
  const { id, properties } = await make("n0", ["OBJECT_DELETE"]);
  expect(id).toBe(`acme-told/notificationConfigs/${properties.notificationId}`);
  for (let index = 1; index < 10; index += 1) await make(`n${index}`, ["OBJECT_DELETE"]);
  // Made again it is the same one.
  await make("n0", ["OBJECT_DELETE"]);
  await expect(make("n10", ["OBJECT_DELETE"])).rejects.toMatchObject({
    details: expect.stringContaining("a bucket can have 10 notifications of OBJECT_DELETE"),
  });
  await expect(make("n10", [])).rejects.toMatchObject({
    details: expect.stringContaining("10 notifications of OBJECT_DELETE"),
  });
  await make("n10", ["OBJECT_FINALIZE"]);
});
