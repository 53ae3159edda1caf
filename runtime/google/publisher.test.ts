import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openTopics, PublishFailed, type Topic } from "./publisher.ts";

interface Published {
  readonly path: string | undefined;
  readonly authorization: string | undefined;
  readonly body: { readonly messages: readonly { readonly data: string }[] };
}

let published: Published[];
/** How often the metadata server is of no help, before it is. */
let withoutToken: number;
/** What Pub/Sub answers to the next requests, before it takes one. */
let refusals: number[];
let server: Server;
let topic: Topic;

beforeEach(async () => {
  published = [];
  refusals = [];
  withoutToken = 0;
  server = createServer(async (request, response) => {
    response.setHeader("content-type", "application/json");
    if (request.url?.startsWith("/computeMetadata/")) {
      response.statusCode = withoutToken-- > 0 ? 503 : 200;
      return response.end(JSON.stringify({ access_token: "access", expires_in: 3_600 }));
    }
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString("utf8"));
    const code = refusals.shift();
    if (code !== undefined) {
      response.statusCode = code;
      return response.end(JSON.stringify({ error: { code, message: "no pubsub.topics.publish" } }));
    }
    published.push({ path: request.url, authorization: request.headers.authorization, body });
    return response.end(JSON.stringify({ messageIds: ["1"] }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env.GCE_METADATA_HOST = host;
  topic = openTopics({ PUBSUB_ENDPOINT: `http://${host}` })("projects/p/topics/issuing");
});

afterEach(async () => {
  delete process.env.GCE_METADATA_HOST;
  server.closeAllConnections();
  await once(server.close(), "close");
});

test("publishes JSON with attributes as the workload's account, and resolves once Pub/Sub has it", async () => {
  await topic.publish({ domain: "a.test" }, { customer: "alice" });
  expect(published).toMatchObject([
    {
      path: "/v1/projects/p/topics/issuing:publish",
      authorization: "Bearer access",
      body: { messages: [{ attributes: { customer: "alice" } }] },
    },
  ]);
  const data = Buffer.from(published[0]?.body.messages[0]?.data ?? "", "base64");
  expect(JSON.parse(data.toString("utf8"))).toEqual({ domain: "a.test" });
});

test("publishes again after an outage, of Pub/Sub or of the metadata server", async () => {
  refusals = [503];
  withoutToken = 1;
  await topic.publish({}, { customer: "alice" });
  expect(published).toHaveLength(1);
});

test("a refusal is an error that names the topic and the cause, and is not repeated", async () => {
  refusals = [403];
  const failed = await topic.publish({}, {}).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(PublishFailed);
  expect(failed).toMatchObject({
    message: expect.stringMatching(/projects\/p\/topics\/issuing failed: .*no pubsub\.topics\.publish/),
  });
  expect(published).toEqual([]);
});

test("a name that is no topic's is refused before anything is sent", () => {
  expect(() => openTopics({ PUBSUB_ENDPOINT: "http://127.0.0.1:1" })("issuing")).toThrow(
    'A topic\'s name must be projects/PROJECT/topics/TOPIC; got "issuing".',
  );
});
