import grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import pluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import { GCP } from "../services/google/package.ts";
import { TestSession, urnOf } from "../services/testing/session.ts";

interface Message {
  toObject(): object;
}

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const secret = (value: unknown) => ({ [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270", value });

const TOPIC = "gcp:pubsub/topic:Topic";
const SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";
const SERVICE = "gcp:cloudrunv2/service:Service";
const VERSION = "gcp:secretmanager/secretVersion:SecretVersion";
const orders = urnOf(TOPIC, "orders");

let session: TestSession;
let offline: TestSession;

beforeAll(async () => {
  session = await TestSession.start(GCP);
  offline = await TestSession.start(GCP, "offline");
  await offline.configure({ "gcp:config:project": "acme" });
});

beforeEach(() => session.configure({ "gcp:config:project": "acme", "gcp:config:region": "europe-west1" }));

afterAll(async () => {
  await session.stop();
  await offline.stop();
});

describe("Protocol", () => {
  test("answers what an engine asks before it checks anything", async () => {
    const { client } = session;
    const handshake = await answer<Message>((done) =>
      client.handshake(new messages.ProviderHandshakeRequest().setEngineAddress("127.0.0.1:1"), done),
    );
    expect(handshake.toObject()).toMatchObject({
      acceptSecrets: true,
      supportsAutonamingConfiguration: true,
    });
    await answer((done) => client.attach(new pluginMessages.PluginAttach().setAddress("127.0.0.1:1"), done));
    const configured = await answer<Message>((done) =>
      client.configure(new messages.ConfigureRequest(), done),
    );
    expect(configured.toObject()).toMatchObject({ acceptsecrets: true, supportspreview: true });
  });

  test("refuses a setting that it would ignore, by name", async () => {
    await expect(
      session.configure({ "gcp:config:userAgent": "x", "gcp:config:project": "p" }),
    ).rejects.toMatchObject({
      code: grpc.status.INVALID_ARGUMENT,
      details: expect.stringContaining("gcp:userAgent"),
    });
  });

  test("refuses a kind that nobody wrote, by its name", async () => {
    const { failures } = await session.check(urnOf("gcp:redis/instance:Instance", "cache"), {});
    expect(failures).toEqual([
      { property: "", reason: expect.stringMatching(/no kind gcp:redis\/instance:Instance.*"cache"/) },
    ]);
  });
});

describe("Diff", () => {
  test("tells additions, removals and changes by path, and which of them replace", async () => {
    const olds = {
      name: "s",
      topic: "t",
      labels: { a: "1", b: "2" },
      retryPolicy: { minimumBackoff: "10s" },
    };
    const news = {
      name: "s",
      topic: "u",
      labels: { a: "1", "c.d": "3" },
      retryPolicy: { minimumBackoff: "20s" },
    };
    expect(await session.diff(urnOf(SUBSCRIPTION, "s"), olds, news)).toEqual({
      changed: true,
      replaces: ["topic"],
      detail: {
        topic: "UPDATE_REPLACE",
        "labels.b": "DELETE",
        'labels["c.d"]': "ADD",
        "retryPolicy.minimumBackoff": "UPDATE",
      },
    });
  });

  test("sees no change where only the mark of a secret differs, and one where a value became unknown", async () => {
    const urn = urnOf(VERSION, "v");
    expect(await session.diff(urn, { secretData: secret("x") }, { secretData: "x" })).toMatchObject({
      changed: false,
    });
    expect(await session.diff(urn, { secretData: "x" }, { secretData: secret("y") })).toMatchObject({
      replaces: ["secretData"],
    });
    expect(await session.diff(orders, { kmsKeyName: "k" }, { kmsKeyName: UNKNOWN })).toMatchObject({
      changed: true,
    });
  });

  test("leaves out what the program ignores", async () => {
    const result = await session.diff(orders, { labels: { a: "1" } }, { labels: { a: "2" } }, ["labels"]);
    expect(result.changed).toBe(false);
  });

  test("compares files by their hash, wherever they lie", async () => {
    const asset = (path: string, hash: string) => ({
      source: { [SIGNATURE]: "c44067f5952c0a294b673a41bacd8c17", path, hash },
    });
    const urn = urnOf("gcp:storage/bucketObject:BucketObject", "o");
    expect(await session.diff(urn, asset("/a", "1"), asset("/b", "1"))).toMatchObject({ changed: false });
    expect(await session.diff(urn, asset("/a", "1"), asset("/a", "2"))).toMatchObject({
      replaces: ["source"],
    });
  });
});

describe("Create, read, update, delete", () => {
  test("put a resource into the cloud, change it and take it away", async () => {
    const { id, inputs, properties } = await session.make(orders, { name: "orders", labels: { a: "1" } });
    expect(id).toBe("projects/acme/topics/orders");
    expect(properties).toMatchObject({ name: "orders", effectiveLabels: { a: "1" } });
    expect(session.kernel.resources.get(TOPIC, id)).toMatchObject({
      urn: orders,
      properties: { name: "orders" },
    });

    const changed = await session.update(orders, id, properties, { ...inputs, labels: { a: "2" } });
    expect(changed).toMatchObject({ effectiveLabels: { a: "2" } });
    expect(await session.read(orders, id)).toMatchObject({
      id,
      properties: { labels: { a: "2" } },
      inputs: { name: "orders", project: "acme", labels: { a: "2" } },
    });

    await session.delete(orders, id);
    expect(session.kernel.resources.get(TOPIC, id)).toBeUndefined();
    expect((await session.read(orders, id)).id).toBe("");
    await session.delete(orders, id);
    await expect(session.update(orders, id, properties, inputs)).rejects.toMatchObject({
      code: grpc.status.NOT_FOUND,
    });
  });

  test("the same create twice is one, and answers the same", async () => {
    const urn = urnOf("gcp:compute/globalAddress:GlobalAddress", "front");
    const first = await session.make(urn, {});
    const { id, properties } = await session.create(urn, first.inputs);
    expect({ id, properties }).toEqual({ id: first.id, properties: first.properties });
    expect(session.kernel.resources.list("gcp:compute/globalAddress:GlobalAddress")).toHaveLength(1);
    await session.delete(urn, id);
  });

  test("what another made under the same name is a conflict, and so is a successor before its time", async () => {
    const urn = urnOf("gcp:compute/globalAddress:GlobalAddress", "mine");
    const { id, inputs } = await session.make(urn, { name: "shared", description: "first" });
    const conflict = { code: grpc.status.ALREADY_EXISTS, details: expect.stringContaining("409") };
    const other = urnOf("gcp:compute/globalAddress:GlobalAddress", "other");
    await expect(session.create(other, inputs)).rejects.toMatchObject(conflict);
    await expect(session.create(urn, { ...inputs, description: "second" })).rejects.toMatchObject(conflict);
    await session.delete(urn, id);
  });

  test("what is still unknown is not made", async () => {
    const request = session.create(orders, { name: "orders", project: "acme", kmsKeyName: UNKNOWN });
    await expect(request).rejects.toMatchObject({
      code: grpc.status.INVALID_ARGUMENT,
      details: expect.stringContaining("kmsKeyName must be known"),
    });
  });

  test("a deletion policy holds: PREVENT refuses, ABANDON leaves the resource in the cloud", async () => {
    const kept = await session.make(orders, { name: "kept", deletionPolicy: "PREVENT" });
    await expect(session.delete(orders, kept.id)).rejects.toThrow(/deletionPolicy must be DELETE or ABANDON/);
    const left = urnOf(TOPIC, "left");
    const { id } = await session.make(left, { name: "left", deletionPolicy: "ABANDON" });
    await session.delete(left, id);
    expect(session.kernel.resources.get(TOPIC, id)).toBeDefined();
  });
});

describe("Preview", () => {
  const urn = urnOf("gcp:serviceaccount/account:Account", "robot");

  test("knows what follows from inputs, and makes nothing", async () => {
    const { inputs } = await session.check(urn, { accountId: "robot-1" });
    expect(await session.create(urn, inputs, true)).toEqual({
      id: "",
      properties: {
        accountId: "robot-1",
        project: "acme",
        disabled: false,
        email: "robot-1@acme.iam.gserviceaccount.com",
        member: "serviceAccount:robot-1@acme.iam.gserviceaccount.com",
        name: UNKNOWN,
        uniqueId: UNKNOWN,
      },
    });
    expect(session.kernel.resources.list("gcp:serviceaccount/account:Account")).toEqual([]);
  });

  test("an update keeps old outputs, except those that it may change", async () => {
    const olds = { name: "s", uri: "https://s.a.run.app", etag: "1", latestReadyRevision: "s-00001" };
    const news = { name: "s", description: "new" };
    expect(await session.update(urnOf(SERVICE, "s"), "id", olds, news, true)).toEqual({
      name: "s",
      description: "new",
      uri: "https://s.a.run.app",
      etag: UNKNOWN,
      latestReadyRevision: UNKNOWN,
    });
  });

  test("offline checks and previews as online, does not ask what is only a local limit, and has no effects", async () => {
    const filtered = { topic: "top", filter: "attributes:a" };
    expect((await offline.check(urnOf(SUBSCRIPTION, "s"), filtered)).failures).toEqual([]);
    const wrong = await offline.check(urnOf(SUBSCRIPTION, "s"), { topic: "top", ackDeadlineSeconds: 5 });
    expect(wrong.failures).toHaveLength(1);
    const { inputs } = await offline.check(orders, { name: "orders" });
    expect((await offline.create(orders, inputs, true)).properties).toMatchObject({ name: "orders" });
    const refused = { code: grpc.status.FAILED_PRECONDITION };
    await expect(offline.create(orders, inputs)).rejects.toMatchObject(refused);
    await expect(offline.delete(orders, "projects/acme/topics/orders")).rejects.toMatchObject(refused);
  });
});

function answer<Response>(
  ask: (done: (error: grpc.ServiceError | null, response: Response) => void) => void,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    ask((error, response) => (error ? reject(error) : resolve(response)));
  });
}
