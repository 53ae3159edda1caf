import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { PUBLISHER, SUBSCRIBER, startWorld, type World } from "./testing/world.ts";

let world: World;
let topic: string;
let origin: string;

beforeAll(async () => {
  world = await startWorld();
  topic = world.topic("orders");
  world.grant("roles/pubsub.publisher", PUBLISHER, topic);
  origin = `http://127.0.0.1:${(await world.kernel.identities.endpoints(PUBLISHER)).http}`;
});

afterAll(() => world.stop());

async function post(path: string, body: unknown, at = origin): Promise<{ status: number; body: unknown }> {
  const response = await fetch(at + path, { method: "POST", body: JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
}

test("what is published over REST is delivered as if by a client library", async () => {
  const subscription = world.subscription("worker", { topic });
  world.grant("roles/pubsub.subscriber", SUBSCRIBER, subscription);
  const messages = [
    { data: Buffer.from("ä?>").toString("base64"), attributes: { customer: "alice" } },
    { data: Buffer.from("ä?>").toString("base64url") },
    { attributes: { only: "these" } },
  ];
  const published = await post(`/v1/${topic}:publish`, { messages });
  expect(published).toEqual({ status: 200, body: { messageIds: [expect.any(String), "2", "3"] } });

  const puller = await world.puller(SUBSCRIBER);
  const [{ receivedMessages }] = await puller.pull({ subscription, maxMessages: 10 });
  expect(receivedMessages?.map(({ message }) => [String(message?.data), message?.attributes])).toEqual([
    ["ä?>", { customer: "alice" }],
    ["ä?>", {}],
    ["", { only: "these" }],
  ]);
});

test.each([
  ["data that is no base64", { messages: [{ data: "%" }] }, 400, /data.*base64|base64/s],
  ["a field that Pub/Sub has not", { messages: [{ data: "eA==", key: "k" }] }, 400, /key/],
  ["no messages", {}, 400, /messages must be 1 to 1000/],
  ["an ordering key", { messages: [{ data: "eA==", orderingKey: "k" }] }, 501, /ordering keys/],
])("%s is refused", async (_what, body, status, message) => {
  const refused = await post(`/v1/${topic}:publish`, body);
  expect(refused).toMatchObject({ status, body: { error: { message: expect.stringMatching(message) } } });
});

test("what is pulled over REST comes as Google writes it, again where it is let go, and not where it is acknowledged", async () => {
  const subscription = world.subscription("dead", { topic });
  world.grant("roles/pubsub.subscriber", SUBSCRIBER, subscription);
  const at = `http://127.0.0.1:${(await world.kernel.identities.endpoints(SUBSCRIBER)).http}`;
  await post(`/v1/${topic}:publish`, { messages: [{ data: "eA==", attributes: { customer: "alice" } }] });
  const pull = async () => {
    const { status, body } = await post(
      `/v1/${subscription}:pull`,
      { maxMessages: 10, returnImmediately: true },
      at,
    );
    expect(status).toBe(200);
    return (body as { receivedMessages?: readonly { ackId: string; message: object }[] }).receivedMessages;
  };
  const [first] = (await pull()) ?? [];
  expect(first?.message).toEqual({
    data: "eA==",
    attributes: { customer: "alice" },
    messageId: expect.any(String),
    publishTime: new Date(world.clock.now()).toISOString(),
  });
  expect(await pull()).toBeUndefined();

  const ackIds = [first?.ackId];
  expect(await post(`/v1/${subscription}:modifyAckDeadline`, { ackIds, ackDeadlineSeconds: 0 }, at)).toEqual({
    status: 200,
    body: {},
  });
  const [second] = (await pull()) ?? [];
  expect(second?.message).toEqual(first?.message);
  const acknowledged = await post(`/v1/${subscription}:acknowledge`, { ackIds: [second?.ackId] }, at);
  expect(acknowledged).toEqual({ status: 200, body: {} });
  world.clock.advance(3_600_000);
  expect(await pull()).toBeUndefined();
});

test("refusals are Google's: of an absent topic, of an account without the grant, of other methods", async () => {
  const messages = [{ data: "eA==" }];
  const stranger = `http://127.0.0.1:${(await world.kernel.identities.endpoints(SUBSCRIBER)).http}`;
  expect(await post(`/v1/${topic}:publish`, { messages }, stranger)).toMatchObject({
    status: 403,
    body: {
      error: { status: "PERMISSION_DENIED", message: expect.stringContaining("pubsub.topics.publish") },
    },
  });
  world.grant("roles/pubsub.publisher", PUBLISHER, `${topic}-2`);
  expect(await post(`/v1/${topic}-2:publish`, { messages })).toMatchObject({
    status: 404,
    body: { error: { status: "NOT_FOUND" } },
  });
  expect((await post(`/v1/${topic}:testIamPermissions`, {})).status).toBe(501);
});
