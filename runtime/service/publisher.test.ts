import { createRequire } from "node:module";
import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
  status,
} from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openTopic, PublishFailed, type Topic } from "./publisher.ts";

interface PublishRequest {
  readonly topic: string;
  readonly messages: readonly { readonly data: Buffer; readonly attributes: Record<string, string> }[];
}
type Reply = (error: { code: status; details: string } | null, response?: { messageIds: string[] }) => void;

const protos: Parameters<typeof fromJSON>[0] = createRequire(import.meta.url)(
  "@google-cloud/pubsub/build/protos/protos.json",
);

let published: PublishRequest[];
let refusal: { code: status; details: string } | undefined;
let server: Server;
let topic: Topic;

beforeEach(async () => {
  published = [];
  refusal = undefined;
  const definition = fromJSON(protos);
  const grpc = loadPackageDefinition(definition) as unknown as {
    google: { pubsub: { v1: { Publisher: ServiceClientConstructor } } };
  };
  server = new Server();
  server.addService(grpc.google.pubsub.v1.Publisher.service, {
    publish: ({ request }: { request: PublishRequest }, reply: Reply) => {
      if (refusal !== undefined) return reply(refusal);
      published.push(request);
      reply(null, { messageIds: ["1"] });
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  process.env.PUBSUB_EMULATOR_HOST = `127.0.0.1:${port}`;
  topic = openTopic("projects/p/topics/issuing");
});

afterEach(async () => {
  delete process.env.PUBSUB_EMULATOR_HOST;
  await topic.close();
  server.forceShutdown();
});

test("publishes JSON with attributes, and resolves once Pub/Sub has it", async () => {
  await topic.publish({ domain: "a.test" }, { customer: "alice" });
  expect(published).toMatchObject([
    { topic: "projects/p/topics/issuing", messages: [{ attributes: { customer: "alice" } }] },
  ]);
  expect(JSON.parse(published[0]?.messages[0]?.data.toString("utf8") ?? "")).toEqual({ domain: "a.test" });
});

test("a refusal is an error that names the topic and the cause", async () => {
  refusal = { code: status.PERMISSION_DENIED, details: "no pubsub.topics.publish" };
  const failed = await topic.publish({}, {}).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(PublishFailed);
  expect(failed).toMatchObject({
    message: expect.stringMatching(/projects\/p\/topics\/issuing failed: .*no pubsub\.topics\.publish/),
  });
});

test("a name that is no topic's is refused before anything is sent", () => {
  expect(() => openTopic("issuing")).toThrow(
    'A topic\'s name must be projects/PROJECT/topics/TOPIC; got "issuing".',
  );
});
