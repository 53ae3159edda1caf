import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { serviceAgent } from "./service-agent.ts";
import { StorageFixture, WRITER } from "./testing/storage.ts";

const TOPIC = "projects/p/topics/changes";
const fixture = new StorageFixture();

beforeAll(() => fixture.open());
beforeEach(() => {
  fixture.clear();
  fixture.published.length = 0;
  notify("n1", { payloadFormat: "JSON_API_V1" });
  grantAgent();
});
afterAll(() => fixture.close());

function put(kind: string, id: string, properties: object): void {
  fixture.kernel.resources.put({ kind, id, urn: `urn:${id}`, properties: { ...properties } });
}

function notify(id: string, properties: object, bucket = "b"): void {
  put("gcp:storage/notification:Notification", `${bucket}/notificationConfigs/${id}`, {
    bucket,
    topic: `//pubsub.googleapis.com/${TOPIC}`,
    ...properties,
  });
}

function grantAgent(email = serviceAgent("p").email): void {
  put("gcp:pubsub/topicIAMMember:TopicIAMMember", "agent", {
    project: "p",
    topic: TOPIC,
    role: "roles/pubsub.publisher",
    member: `serviceAccount:${email}`,
  });
}

/** Event types with what they say of neighbours, in order; forgotten afterwards. */
function events(): string[] {
  return fixture.published.splice(0).map(({ attributes }) => {
    const { eventType, overwroteGeneration, overwrittenByGeneration } = attributes;
    return [eventType, overwroteGeneration && "over", overwrittenByGeneration && "by"]
      .filter(Boolean)
      .join(" ");
  });
}

test("a new object is told with Google's attributes and the object resource", async () => {
  const file = (await fixture.client()).file("a b");
  await file.save("x", { contentType: "text/plain", metadata: { metadata: { k: "v" } } });
  const [{ generation }] = await file.getMetadata();
  const [message] = fixture.published;
  expect(message?.topic).toBe(TOPIC);
  expect(message?.attributes).toEqual({
    notificationConfig: "projects/_/buckets/b/notificationConfigs/n1",
    eventType: "OBJECT_FINALIZE",
    payloadFormat: "JSON_API_V1",
    bucketId: "b",
    objectId: "a b",
    objectGeneration: generation,
    eventTime: new Date(fixture.now).toISOString(),
  });
  expect(JSON.parse(String(message?.data))).toMatchObject({
    kind: "storage#object",
    selfLink: "https://www.googleapis.com/storage/v1/b/b/o/a%20b",
    name: "a b",
    bucket: "b",
    generation,
    contentType: "text/plain",
    metadata: { k: "v" },
    size: "1",
  });
});

test("overwriting, describing, deleting and archiving are told, and what took whose place", async () => {
  const file = (await fixture.client()).file("o");
  await file.save("1");
  await file.save("2");
  await file.setMetadata({ metadata: { a: "1" } });
  await file.delete();
  expect(events()).toEqual([
    "OBJECT_FINALIZE",
    "OBJECT_FINALIZE over",
    "OBJECT_DELETE by",
    "OBJECT_METADATA_UPDATE",
    "OBJECT_DELETE",
  ]);

  fixture.makeBucket("v", { versioning: { enabled: true } });
  notify("n1", { payloadFormat: "NONE" }, "v");
  const versioned = await fixture.client({ bucket: "v" });
  await versioned.file("o").save("1");
  await versioned.file("o").save("2");
  const [[first]] = await versioned.getFiles({ versions: true });
  await versioned.file("o").delete();
  await first?.delete();
  expect(fixture.published.every(({ data }) => data.length === 0)).toBe(true);
  expect(events()).toEqual([
    "OBJECT_FINALIZE",
    "OBJECT_FINALIZE over",
    "OBJECT_ARCHIVE by",
    "OBJECT_ARCHIVE",
    "OBJECT_DELETE",
  ]);
});

test("only the asked-for types and names are told, with the attributes that were asked for", async () => {
  notify("n1", {
    payloadFormat: "NONE",
    eventTypes: ["OBJECT_DELETE"],
    objectNamePrefix: "logs/",
    customAttributes: { team: "edge" },
  });
  const bucket = await fixture.client();
  for (const name of ["logs/1", "other"]) {
    await bucket.file(name).save("x");
    await bucket.file(name).delete();
  }
  expect(fixture.published.map(({ attributes }) => [attributes.objectId, attributes.team])).toEqual([
    ["logs/1", "edge"],
  ]);
});

test("a refused write tells nothing", async () => {
  const file = (await fixture.client()).file("o");
  await file.save("1");
  events();
  await expect(file.save("2", { preconditionOpts: { ifGenerationMatch: 0 } })).rejects.toMatchObject({
    code: 412,
  });
  expect(events()).toEqual([]);
});

test("without the agent's grant the write stands, and the loss is said by name", async () => {
  const lines: string[] = [];
  const unsubscribe = fixture.kernel.logging.subscribe(({ message }) => lines.push(message));
  grantAgent("somebody@else.test");
  const file = (await fixture.client()).file("o");
  await file.save("1");
  unsubscribe();
  expect((await file.exists())[0]).toBe(true);
  expect(fixture.published).toEqual([]);
  expect(lines.join()).toMatch(
    /notification n1 of OBJECT_FINALIZE of b\/o is lost: .*pubsub\.topics\.publish/,
  );
});

test("configurations are listed and read as the JSON API has them", async () => {
  notify("n2", { payloadFormat: "NONE", eventTypes: ["OBJECT_DELETE"], customAttributes: { a: "b" } });
  put("gcp:storage/bucketIAMMember:BucketIAMMember", "viewer", {
    bucket: "b",
    role: "roles/storage.bucketViewer",
    member: `serviceAccount:${WRITER}`,
  });
  const bucket = await fixture.client();
  const [all] = await bucket.getNotifications();
  expect(all.map(({ id }) => id)).toEqual(["n1", "n2"]);
  const [metadata] = await bucket.notification("n2").getMetadata();
  expect(metadata).toMatchObject({
    topic: `//pubsub.googleapis.com/${TOPIC}`,
    payload_format: "NONE",
    event_types: ["OBJECT_DELETE"],
    custom_attributes: { a: "b" },
  });
  await expect(bucket.notification("n9").getMetadata()).rejects.toMatchObject({ code: 404 });
  await expect(bucket.createNotification("t")).rejects.toMatchObject({
    code: 501,
    message: expect.stringContaining("the program's to change"),
  });
});
