import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PubSub, v1 } from "@google-cloud/pubsub";
import { credentials } from "@grpc/grpc-js";
import type { LogEntry } from "../../../kernel/contract.ts";
import { startKernel } from "../../start-kernel.ts";
import { LocalPubSub } from "../local-pubsub.ts";
import { serviceAgent } from "../service-agent.ts";
import { SUBSCRIPTION_KIND } from "../subscription-settings.ts";
import { TOPIC_KIND } from "../topic-settings.ts";
import { ManualClock } from "./clock.ts";

export const PROJECT = "shop-local";
export const PUBLISHER = `publisher@${PROJECT}.iam.gserviceaccount.com`;
export const SUBSCRIBER = `subscriber@${PROJECT}.iam.gserviceaccount.com`;
export const PUSHER = `pusher@${PROJECT}.iam.gserviceaccount.com`;
export const PUSHER_ACCOUNT = `projects/${PROJECT}/serviceAccounts/${PUSHER}`;
export const AGENT = serviceAgent(PROJECT).email;
export const ENDPOINT = "https://worker-abc.a.run.app/push";

/** What a grant may be on, by the collection in its name. */
const GRANTABLE: Readonly<Record<string, { kind: string; field: string; whole?: boolean }>> = {
  topics: { kind: "gcp:pubsub/topicIAMMember:TopicIAMMember", field: "topic" },
  subscriptions: { kind: "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember", field: "subscription" },
  serviceAccounts: {
    kind: "gcp:serviceaccount/iAMMember:IAMMember",
    field: "serviceAccountId",
    whole: true,
  },
};

// Google's clients look for a metadata server even when they are told to send no credentials.
process.env.METADATA_SERVER_DETECTION = "none";

/** A push as its endpoint got it. */
export interface Push {
  readonly authorization: string | undefined;
  readonly body: {
    readonly subscription: string;
    readonly deliveryAttempt?: number;
    readonly message: Readonly<Record<string, unknown>> & {
      readonly data: string;
      readonly messageId: string;
    };
  };
  /** The data, decoded. */
  readonly text: string;
}

export interface World {
  readonly kernel: Awaited<ReturnType<typeof startKernel>>;
  readonly pubsub: LocalPubSub;
  readonly clock: ManualClock;
  readonly stateDir: string;
  readonly pushes: Push[];
  readonly logs: LogEntry[];
  /** What the endpoint answers; a promise holds the answer back. */
  answer: (push: Push) => number | Promise<number>;
  topic(name: string): string;
  subscription(name: string, properties: Readonly<Record<string, unknown>>): string;
  /** A grant on a topic, a subscription or an account; returns its id. The agent may sign as `PUSHER` from the start. */
  grant(role: string, email: string, on: string): string;
  client(email: string): Promise<PubSub>;
  puller(email: string): Promise<v1.SubscriberClient>;
  /** Milliseconds until each waiting delivery is due. */
  delays(subscription: string): number[];
  /** How many messages are out for delivery. */
  leases(subscription: string): number;
  stop(options?: { keepState: boolean }): Promise<void>;
}

/** A cloud that is Pub/Sub alone, with real sockets on both sides and a clock that the test moves. */
export async function startWorld(
  stateDir = mkdtempSync(join(tmpdir(), "pubsub-")),
  now = Date.now(),
): Promise<World> {
  const kernel = await startKernel({ stateDir, portBase: "any" });
  const clock = new ManualClock(now);
  const pushes: Push[] = [];
  const logs: LogEntry[] = [];
  const unsubscribe = kernel.logging.subscribe((entry) => logs.push(entry));
  const endpoint = createServer(async (request, response) => {
    const push = await readPush(request);
    pushes.push(push);
    response.writeHead(await world.answer(push)).end("what the endpoint said");
  });
  endpoint.listen(0, "127.0.0.1");
  await once(endpoint, "listening");
  const { port } = endpoint.address() as AddressInfo;

  const pubsub = new LocalPubSub(
    kernel,
    {
      async post(uri, { headers, body, signal }) {
        const url = `http://127.0.0.1:${port}${new URL(uri).pathname}`;
        try {
          const response = await fetch(url, { method: "POST", headers, body, ...(signal && { signal }) });
          return { status: response.status, body: await response.text() };
        } catch (error) {
          return { status: 503, body: String(error) };
        }
      },
    },
    { clock, random: () => 0, stopDeadlineMs: 200 },
  );
  kernel.identities.serveHttp(pubsub.restApi);
  kernel.identities.serveGrpc(...pubsub.apis);
  await pubsub.start();

  const closers: (() => Promise<unknown>)[] = [];
  const put = (kind: string, id: string, properties: Readonly<Record<string, unknown>>) => {
    kernel.resources.put({ kind, id, urn: `urn:pulumi:test::test::${kind}::${id}`, properties });
    return id;
  };
  const world: World = {
    kernel,
    pubsub,
    clock,
    stateDir,
    pushes,
    logs,
    answer: () => 204,
    topic: (name) => put(TOPIC_KIND, `projects/${PROJECT}/topics/${name}`, { name, project: PROJECT }),
    subscription: (name, properties) =>
      put(SUBSCRIPTION_KIND, `projects/${PROJECT}/subscriptions/${name}`, {
        name,
        project: PROJECT,
        ...properties,
      }),
    grant(role, email, on) {
      const [, project, collection, name] = on.split("/");
      const target = GRANTABLE[collection ?? ""];
      if (!target) throw new Error(`A grant must be on one of ${Object.keys(GRANTABLE)}; got "${on}".`);
      const member = `serviceAccount:${email}`;
      const properties = { project, [target.field]: target.whole ? on : name, role, member };
      return put(target.kind, `${on}/${role}/${member}`, properties);
    },
    async client(email) {
      const { grpc } = await kernel.identities.endpoints(email);
      const client = new PubSub({ projectId: PROJECT, apiEndpoint: `127.0.0.1:${grpc}`, emulatorMode: true });
      closers.push(() => client.close());
      return client;
    },
    async puller(email) {
      const { grpc: port } = await kernel.identities.endpoints(email);
      const sslCreds = credentials.createInsecure();
      const puller = new v1.SubscriberClient({
        apiEndpoint: "127.0.0.1",
        port,
        sslCreds,
        projectId: PROJECT,
        // A connection of its own: a stream that is not read holds up all on the same one.
        "grpc.use_local_subchannel_pool": 1,
      });
      closers.push(() => puller.close());
      return puller;
    },
    delays: (subscription) =>
      kernel.db
        .prepare(
          "SELECT due_at FROM pubsub_deliveries WHERE subscription = ? AND leased = 0 ORDER BY message_id",
        )
        .all(subscription)
        .map((row) => Number(row.due_at) - clock.now()),
    leases: (subscription) =>
      Number(
        kernel.db
          .prepare("SELECT COUNT(*) AS count FROM pubsub_deliveries WHERE subscription = ? AND leased = 1")
          .get(subscription)?.count,
      ),
    async stop({ keepState } = { keepState: false }) {
      await Promise.all(closers.map((close) => close()));
      await pubsub.stop();
      unsubscribe();
      await kernel.stop();
      endpoint.closeAllConnections();
      await new Promise((resolve) => endpoint.close(resolve));
      if (!keepState) rmSync(stateDir, { recursive: true, force: true });
    },
  };
  world.grant("roles/iam.serviceAccountOpenIdTokenCreator", AGENT, PUSHER_ACCOUNT);
  return world;
}

/** Waits until `condition` holds, 10 s at most. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`Waited 10 s in vain until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function readPush(request: IncomingMessage): Promise<Push> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = JSON.parse(Buffer.concat(chunks).toString()) as Push["body"];
  return {
    authorization: request.headers.authorization,
    body,
    text: Buffer.from(body.message.data, "base64").toString(),
  };
}
